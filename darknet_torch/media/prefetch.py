"""Work in a thread, ahead of its use or in the background; always in order. No torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

T = TypeVar("T")
# Seconds that a generator gets to close: a decoder must not be interrupted while it works.
_CLOSE_TIMEOUT = 1.0
_LOOK = 0.5  # seconds between two looks for a signal


class Prefetcher(Generic[T]):
    """Iterator over a generator that runs in a thread, some items ahead of the consumer.

    Use it in a `with` block; the generator is closed at the end of the block. An exception of
    the generator is raised after its last item.

    Args:
        items: the generator that makes the items.
        capacity: how many items may wait in the queue, 1 or more. The thread pauses while the
            queue is full.
        drop_if_newer: whether an item may be replaced, while it waits in the queue, by the
            next one of which this is also true. A camera's frames are such items.
    """

    def __init__(
        self,
        items: Generator[T, None, None],
        capacity: int,
        drop_if_newer: Callable[[T], bool] = lambda item: False,
    ) -> None:
        self._items, self._capacity, self._drop_if_newer = items, capacity, drop_if_newer
        self._queue: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = self._closed = False
        self._error: BaseException | None = None
        # A daemon thread, because it may be blocked in a camera or a pipe when the program ends.
        self._thread = threading.Thread(target=self._produce, daemon=True)
        self._thread.start()

    def __enter__(self) -> Prefetcher[T]:
        return self

    def __exit__(self, *rest: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(_CLOSE_TIMEOUT)

    def fail(self, error: BaseException) -> None:
        """Drop what waits in the queue; the consumer gets this exception instead, at once."""
        with self._changed:
            self._queue.clear()
            self._error, self._ended, self._closed = error, True, True
            self._changed.notify_all()

    def __iter__(self) -> Prefetcher[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            # A signal that comes just before a wait does not end it: Python looks for it after.
            while not self._changed.wait_for(lambda: self._queue or self._ended, _LOOK):
                pass
            if self._queue:
                self._changed.notify_all()
                return self._queue.popleft()
        if self._error is not None:
            raise self._error
        raise StopIteration

    def _produce(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    break
            self._items.close()
        except BaseException as error:  # noqa: BLE001  raised in the thread that iterates
            self._error = self._error or error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        """Add `item` to the queue; return False if nothing will consume it any more."""
        with self._changed:
            replaces_last = self._drop_if_newer(item)
            if self._queue and replaces_last and self._drop_if_newer(self._queue[-1]):
                self._queue.pop()
            self._changed.wait_for(lambda: self._closed or len(self._queue) < self._capacity)
            if self._closed:
                return False
            self._queue.append(item)
            self._changed.notify_all()
            return True


class BackgroundWriter:
    """Runs submitted functions one after the other in a thread of its own.

    Use it in a `with` block. At the end of the block all submitted functions have run, also if it
    raises. An exception of a function is raised by a later `submit`, or at the end of the block.

    Args:
        capacity: how many functions may run or wait, 1 or more; `submit` blocks while there are
            more.
        on_error: called in the thread with an exception of a function, before it is raised.
    """

    def __init__(
        self,
        capacity: int,
        *,
        on_error: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self._capacity, self._on_error = capacity, on_error
        self._pool = ThreadPoolExecutor(1)
        self._pending: deque[Future[Any]] = deque()

    def __enter__(self) -> BackgroundWriter:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            while kind is None and self._pending:
                self._pending.popleft().result()
        finally:
            self._pool.shutdown()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Call `function` after all functions submitted before it; return its result to come."""
        while len(self._pending) >= self._capacity:
            self._pending.popleft().result()
        result = self._pool.submit(self._call, function)
        self._pending.append(result)
        return result

    def _call(self, function: Callable[[], T]) -> T:
        try:
            return function()
        except BaseException as error:
            self._on_error(error)
            raise
