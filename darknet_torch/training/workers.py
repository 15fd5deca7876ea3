"""Processes that load samples in advance, in the order of their use. No torch."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

import cv2

from darknet_torch.augment.pictures import report_reading
from darknet_torch.errors import DarknetError, TrainingError
from darknet_torch.training.channel import Channel
from darknet_torch.training.child_processes import (
    advice_after_end,
    advice_after_error,
    describe_end,
    describe_error,
    end_with_parent,
    ignore_terminal_signals,
    not_started,
    start_child,
)

Task = TypeVar("Task")
Made = TypeVar("Made")

AHEAD = 4  # tasks that each worker gets before the first of them is needed
PATIENCE = 30.0  # seconds between two messages about a wait
_PATH_SIZE = 4096  # bytes; systems have no longer paths
_FAREWELL = 5.0  # seconds in which a killed process must be gone


class _LastPicture:
    """The last picture that a worker opened, in memory that it shares with its parent.

    The parent reads it when a worker is lost or slow. A message for each picture would wake a
    thread here some thousand times a second, and slow the one that feeds a GPU.
    """

    def __init__(self) -> None:
        self._path = multiprocessing.RawArray("c", _PATH_SIZE)

    def set(self, path: str) -> None:
        """Write down that `path` is opened; of a path that is too long, its end."""
        self._path.value = os.fsencode(path)[-_PATH_SIZE:]

    def get(self) -> str | None:
        """The path; None before the first."""
        return os.fsdecode(self._path.value) or None


@dataclass(frozen=True)
class _Failure:
    """A message of a worker: an error; `advice` is None for one that explains itself."""

    error: DarknetError | str
    advice: str | None = None

    @staticmethod
    def of(error: BaseException) -> _Failure:
        if isinstance(error, DarknetError):
            return _Failure(error)
        return _Failure(describe_error(error), advice_after_error(error))


@dataclass
class _Worker:
    """A worker as its parent sees it.

    Attributes:
        last_picture: where it writes which picture it opens.
        failure: what it reported.
        lost: whether nothing will come from it any more.
    """

    process: BaseProcess
    channel: Channel
    last_picture: _LastPicture
    receiver: threading.Thread | None = None
    failure: _Failure | None = None
    lost: bool = False


class Workers(Generic[Task, Made]):
    """Processes that work on tasks in advance; the results come in the order of the tasks.

    A worker that fails ends the iteration at once. Workers end when they are closed, and when
    their parent is gone, however it ended.

    Args:
        work: what a worker does with a task; its result must be picklable.
        count: number of workers, 1 or more.
        receive: called in this process, in a thread, with each result of `work`.
        on_wait: called with a line for the user after every `patience` seconds of a wait.
        patience: seconds.
        name: stands before "worker 1 of 2" in messages.
    """

    def __init__(
        self,
        work: Callable[[Task], Any],
        count: int,
        *,
        receive: Callable[[Any], Made],
        on_wait: Callable[[str], None],
        patience: float = PATIENCE,
        name: str = "",
    ) -> None:
        self._work, self._count, self._take = work, count, receive
        self._on_wait, self._patience, self._name = on_wait, patience, name
        self._workers: list[_Worker] = []
        self._sent: dict[int, Task] = {}  # the tasks whose results are still to be yielded
        self._results: dict[int, Made] = {}
        self._changed = threading.Condition()

    def results(self, tasks: Iterable[Task]) -> Generator[Made]:
        """Start the workers and yield the result of each task; close the generator after use.

        Args:
            tasks: messages call them by `str`.

        Raises:
            TrainingError: a worker cannot be started, ended, or raised an unexpected error.
            DarknetError: as `work` raises it.
        """
        with closing(self):
            self._start()
            numbered = enumerate(tasks)
            self._send(islice(numbered, self._count * AHEAD))
            number = 0
            while number in self._sent:
                self._wait_for(number)
                del self._sent[number]
                self._send(islice(numbered, 1))
                yield self._results.pop(number)
                number += 1

    def close(self) -> None:
        """End the workers."""
        atexit.unregister(self.close)
        for worker in self._workers:
            worker.channel.shut_down()
            worker.process.kill()
        for worker in self._workers:
            worker.process.join(_FAREWELL)
            if worker.receiver is not None:
                worker.receiver.join(_FAREWELL)
            worker.channel.close()
        self._workers.clear()

    def _start(self) -> None:
        """Start the workers, then the threads that receive what they send."""
        # Runs before multiprocessing's own exit function, which waits for workers.
        atexit.register(self.close)
        for index in range(self._count):
            try:
                picture = _LastPicture()
                child = start_child(_serve, (self._work, picture), daemon=True)
                self._workers.append(_Worker(*child, picture))
            except OSError as error:
                raise not_started(self._call(index), self._count, error) from None
        for index, worker in enumerate(self._workers):
            arguments = (index, worker)
            worker.receiver = threading.Thread(target=self._receive, args=arguments, daemon=True)
            worker.receiver.start()

    def _send(self, numbered: Iterable[tuple[int, Task]]) -> None:
        """Send each task to the worker whose turn it is."""
        for number, task in numbered:
            self._sent[number] = task
            # A worker that has ended is the business of the thread that receives.
            with suppress(ConnectionError):
                self._workers[number % self._count].channel.send(task)

    def _receive(self, number: int, worker: _Worker) -> None:
        """Take what a worker sends, until it ends; `number` is that of its first task."""
        try:
            while not isinstance(message := worker.channel.receive(), _Failure):
                result = self._take(message)
                with self._changed:
                    self._results[number] = result
                    self._changed.notify_all()
                number += self._count
            worker.failure = message
        except EOFError:
            pass
        except Exception as error:  # noqa: BLE001  raised in the thread that waits
            worker.failure = _Failure.of(error)
        with self._changed:
            worker.lost = True
            self._changed.notify_all()

    def _wait_for(self, number: int) -> None:
        """Wait until the result of a task is there; say so if it takes long."""
        start = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: number in self._results or any(one.lost for one in self._workers),
                    self._patience,
                )
                lost = [index for index, one in enumerate(self._workers) if one.lost]
            if lost:
                raise self._error_of(lost[0])
            if number in self._results:
                return
            seconds = round(time.monotonic() - start)
            self._on_wait(f"waiting for {self._describe(number % self._count)}: {seconds} s")

    def _error_of(self, index: int) -> DarknetError:
        """The error that ends the training because a worker is lost."""
        worker = self._workers[index]
        expected = "a mini-batch"
        if worker.failure is None:
            worker.process.join(_FAREWELL)
            return TrainingError(
                "a process that loads pictures ended",
                where=self._describe(index),
                expected=expected,
                got=describe_end(worker.process.exitcode),
                fix=advice_after_end(worker.process.exitcode),
            )
        if isinstance(worker.failure.error, DarknetError):
            return worker.failure.error
        return TrainingError(
            "a process that loads pictures failed",
            where=self._describe(index),
            expected=expected,
            got=worker.failure.error,
            fix=worker.failure.advice,
        )

    def _call(self, index: int) -> str:
        return f"{self._name}worker {index + 1} of {self._count}"

    def _describe(self, index: int) -> str:
        """Which worker it is, what it makes, and the last picture that it opened."""
        text = self._call(index)
        missing = set(self._sent) - set(self._results)
        own = [number for number in missing if number % self._count == index]
        if own:
            text += f", {self._sent[min(own)]}"
        picture = self._workers[index].last_picture.get()
        return f"{text}, {picture}" if picture is not None else text


def _serve(work: Callable[[Any], Any], last_picture: _LastPicture, channel: Channel) -> None:
    """What a worker does: answer tasks until its parent is gone or an error ends it."""
    ignore_terminal_signals()
    end_with_parent()
    cv2.setNumThreads(0)  # the workers run in parallel
    report_reading(last_picture.set)
    with suppress(EOFError, ConnectionError):  # the parent ends workers
        while True:
            task = channel.receive()
            try:
                channel.send(work(task))
            except ConnectionError:
                raise
            except BaseException as error:  # noqa: BLE001  raised in the parent
                channel.send(_Failure.of(error))
                return  # the last picture stays the one that failed
