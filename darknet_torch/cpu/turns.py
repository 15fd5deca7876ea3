"""Processes that take turns on the processor, so that none disturbs the measurement of another.

A process that waits for its turn is stopped, because threads that wait for work by spinning would
slow down the others. Where the system cannot stop processes (Windows), it waits for its input.

No torch; nothing beyond Python's own library, so that any Python can run the other end: `timed`,
`open_answers` and `serve`. Each line of a process's standard input is a request, and each is
answered with one line of JSON on its standard output; the first line is its greeting.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TextIO

LEAST_CALLS = 3
_CAN_STOP = hasattr(signal, "SIGSTOP") and hasattr(os, "killpg")


class WorkerError(Exception):
    """A process ended, with the last line that it printed, or did not answer in time."""


class Worker:
    """A process that answers requests, and is stopped while it has none.

    Attributes:
        greeting: what it said first.
        start_seconds: from its start to its greeting.

    Args:
        words: the program and its arguments.
        environment: variables besides those of this process.
        patience: seconds after which a process that has not answered is ended; None for no limit.

    Raises:
        WorkerError: it cannot be started, or ended before its greeting.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        patience: float | None = None,
    ) -> None:
        self._patience = patience
        self._is_late = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - until `close`
        began = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, **environment},
                text=True,
                process_group=0,  # so that a program which it starts is stopped with it
            )
        except OSError as error:
            self._errors.close()
            raise WorkerError(f"{words[0]} cannot be started: {error.strerror}") from None
        try:
            self.greeting = self._read()
        except BaseException:
            self.close()
            raise
        self.start_seconds = time.perf_counter() - began

    def ask(self, request: str) -> dict[str, Any]:
        """Send a request, a line; return the answer.

        Raises:
            WorkerError: the process ended, or did not answer in time.
        """
        self._send_signal("SIGCONT")
        assert self._process.stdin is not None
        try:
            print(request, file=self._process.stdin, flush=True)
        except OSError:  # a broken pipe
            raise self._failed() from None
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        with self._ended_when_late():
            line = self._process.stdout.readline()
        if not line:
            raise self._failed()
        self._send_signal("SIGSTOP")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise WorkerError(f"it answered {line.strip()!r}") from None
        return answer

    @contextmanager
    def _ended_when_late(self) -> Iterator[None]:
        """End the process if the block takes longer than its patience."""
        if self._patience is None:
            yield
            return
        timer = threading.Timer(self._patience, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self._is_late = True
        self._kill()

    def _failed(self) -> WorkerError:
        if self._is_late:
            return WorkerError(f"it did not answer within {self._patience:g} seconds")
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return WorkerError(lines[-1] if lines else "it ended without a message")

    def _send_signal(self, name: str) -> None:
        if _CAN_STOP:
            with suppress(ProcessLookupError, PermissionError):  # it has ended
                os.killpg(self._process.pid, getattr(signal, name))

    def _kill(self) -> None:
        self._send_signal("SIGKILL")
        self._process.kill()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and what it started."""
        if self._process.poll() is None:
            self._kill()
        self._process.communicate()
        self._errors.close()


@dataclass(frozen=True)
class Timing:
    """The seconds of a call.

    Attributes:
        rounds: the median of the calls of each turn.
        minimum: of all calls.
        cpu: CPU seconds of a call, in all threads; None if another process computes.
    """

    rounds: tuple[float, ...]
    minimum: float
    cpu: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def noise(self) -> tuple[float, float]:
        """How far the lowest and the highest round lie from the median, as parts of it."""
        return min(self.rounds) / self.median - 1, max(self.rounds) / self.median - 1


def milliseconds(seconds: float) -> str:
    """Milliseconds as text, with three digits or more."""
    return f"{1000 * seconds:.{0 if seconds >= 0.1 else 1 if seconds >= 0.01 else 2}f}"


class Turns:
    """Workers that take turns. One that fails is left out from then on.

    Use it in a `with` block, at whose end all processes end.

    Attributes:
        workers: by name.
        failures: why a worker failed, by name.
    """

    def __init__(self) -> None:
        self.workers: dict[str, Worker] = {}
        self.failures: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Turns:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @contextmanager
    def recording(self, name: str) -> Iterator[None]:
        """Let a `WorkerError` inside the block be the failure of one worker."""
        try:
            yield
        except WorkerError as error:
            self.failures[name] = str(error)

    def add(self, name: str, start: Callable[[], Worker]) -> None:
        """Start a worker, which is stopped then."""
        with self.recording(name):
            self.workers[name] = self._stack.enter_context(start())

    def measure(
        self,
        request: str,
        rounds: int,
        *,
        names: Collection[str] | None = None,
        until: float | None = None,
    ) -> dict[str, Timing]:
        """Let workers answer a request with what `timed` returns, in one order and the other.

        Args:
            request: the line to send.
            rounds: turns of each worker.
            names: of the workers; None for all. Those that failed are left out.
            until: the time, as `time.monotonic` gives it, after which no further round begins;
                there is one in any case. None for no limit.

        Returns:
            name -> the timing of each worker that answered every time.
        """
        order = [name for name in self.workers if names is None or name in names]
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in order}
        for turn in range(rounds):
            if turn and until is not None and time.monotonic() > until:
                break
            for name in order if turn % 2 == 0 else reversed(order):
                if name not in self.failures:
                    with self.recording(name):
                        answers[name].append(self.workers[name].ask(request))
        return {name: _timing(answers[name]) for name in order if name not in self.failures}


def _timing(answers: Sequence[Mapping[str, Any]]) -> Timing:
    cpus = [one["cpu"] for one in answers if one["cpu"] is not None]
    return Timing(
        tuple(statistics.median(one["clocks"]) for one in answers),
        min(min(one["clocks"]) for one in answers),
        statistics.median(cpus) if cpus else None,
    )


def timed(
    call: Callable[[], Any], seconds: float, *, least: int = LEAST_CALLS, own_clock: bool = False
) -> dict[str, Any]:
    """Call a function for some time.

    Args:
        call: the function.
        seconds: how long.
        least: the least number of calls.
        own_clock: `call` returns the seconds that another process measured.

    Returns:
        "clocks", the seconds of each call, and "cpu", the CPU seconds of one call in all threads;
        None if another process computes.
    """
    call()  # another process has run since, and the caches are its
    clocks: list[float] = []
    start, cpu = time.perf_counter(), time.process_time()
    while len(clocks) < least or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        result = call()
        clocks.append(result if own_clock else time.perf_counter() - before)
    spent = None if own_clock else (time.process_time() - cpu) / len(clocks)
    return {"clocks": clocks, "cpu": spent}


def open_answers() -> TextIO:
    """Open the stream for this process's answers.

    What libraries print goes to the standard error from now on, so that it does not mix with them.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def serve(
    answer: Callable[[str], Mapping[str, Any]], greeting: Mapping[str, Any], answers: TextIO
) -> None:
    """Greet, then answer the lines of the standard input until it ends.

    Args:
        answer: returns the answer to a line.
        greeting: the first line of the answers.
        answers: see `open_answers`.
    """
    print(json.dumps(greeting), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(line.strip())), file=answers, flush=True)
