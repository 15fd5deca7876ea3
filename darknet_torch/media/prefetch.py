"""Work done in a thread ahead of its use, or behind it; always in order. No torch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_PATIENCE = 1.0  # seconds for a generator to close: a decoder must not be cut off at work


class Prefetcher(Generic[T]):
    """Runs a generator in a thread, some items ahead of whoever iterates over this.

    Use it in a `with` block, at whose end the generator is closed. What it raises is raised
    behind its last item.

    Args:
        items: makes the items.
        capacity: how many may wait, 1 or more; the thread pauses when there is no more.
        drop_if_newer: whether a waiting item gives way to the next one of that kind, as the
            picture of a camera that nobody has looked at yet.
    """

    def __init__(
        self,
        items: Generator[T, None, None],
        capacity: int,
        drop_if_newer: Callable[[T], bool] = lambda item: False,
    ) -> None:
        self._items, self._capacity, self._drop_if_newer = items, capacity, drop_if_newer
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = self._closed = False
        self._error: BaseException | None = None
        # A daemon: it may hang in a camera or a pipe when the program ends.
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def __enter__(self) -> Prefetcher[T]:
        return self

    def __exit__(self, *rest: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(_PATIENCE)

    def __iter__(self) -> Prefetcher[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if self._waiting:
                self._changed.notify_all()
                return self._waiting.popleft()
        if self._error is not None:
            raise self._error
        raise StopIteration

    def _work(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    break
            self._items.close()
        except BaseException as error:  # noqa: BLE001  raised in the thread that iterates
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _put(self, item: T) -> bool:
        """Let `item` wait for its use; false if there is none any more."""
        with self._changed:
            if (
                self._waiting
                and self._drop_if_newer(item)
                and self._drop_if_newer(self._waiting[-1])
            ):
                self._waiting.pop()
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < self._capacity)
            self._waiting.append(item)
            self._changed.notify_all()
            return not self._closed


class BackgroundWriter:
    """Does work in a thread, some pieces behind whoever gives it.

    Use it in a `with` block, at whose end all is done, or dropped if the block failed. What
    the work raises is raised with a later piece, or at the end.

    Args:
        capacity: how many pieces may wait, 1 or more; giving one more waits.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pool = ThreadPoolExecutor(1)
        self._pending: deque[Future[Any]] = deque()

    def __enter__(self) -> BackgroundWriter:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            while kind is None and self._pending:
                self._pending.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, work: Callable[[], object]) -> None:
        """Call `work` when all before it is done."""
        while len(self._pending) >= self._capacity:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(work))
