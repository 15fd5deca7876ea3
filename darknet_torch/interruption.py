"""Signals that ask a program to stop, and the exception that they become."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}
_PIPE = 13  # SIGPIPE, which not every system has
_REASONS = {getattr(signal, name): word for name, word in _WORDS.items() if hasattr(signal, name)}
_REASONS[_PIPE] = "the reader of the output is gone"


class Interrupted(KeyboardInterrupt):
    """The program was asked to stop.

    Args:
        number: the signal that asked for it.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        self.number = int(number)
        super().__init__(_REASONS.get(self.number, f"stopped by signal {self.number}"))

    @property
    def exit_status(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP, 141 without a reader."""
        return exit_status(self.number)

    @staticmethod
    def without_reader() -> Interrupted:
        """What follows from a closed pipe, as in ``dtorch train | head``."""
        return Interrupted(_PIPE)


def exit_status(number: int) -> int:
    """The exit status by which a shell knows that a signal ended a program."""
    return 128 + number


def find_interruption(status: int) -> Interrupted | None:
    """The interruption after which a process ends with that exit status; None for others."""
    number = status - exit_status(0)
    return Interrupted(number) if number in _REASONS else None


class StopRequests:
    """Notes the signals that ask to stop, until the program is where it can stop.

    A second Ctrl-C ends the program at once.

    Attributes:
        number: the signal that came, 0 before the first.
    """

    def __init__(self) -> None:
        self.number = 0
        self._raises = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note SIGINT, SIGTERM and SIGHUP inside the block.

        A signal that is ignored stays ignored, as SIGHUP under nohup. Outside of the main
        thread, which alone receives signals, nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _REASONS if number != _PIPE}
        kept = {
            number: handler
            for number, handler in before.items()
            if handler not in (signal.SIG_IGN, None)  # None: set by another language
        }
        for number in kept:
            signal.signal(number, self._note)
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def lose_reader(self) -> None:
        """Ask to stop because nobody reads the output any more."""
        self.number = self.number or _PIPE

    def check(self) -> None:
        """Stop here if a signal came.

        Raises:
            Interrupted: one came.
        """
        if self.number:
            raise Interrupted(self.number)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside the block a signal stops the program at once, as it changes nothing.

        Raises:
            Interrupted: a signal came, before or in the block.
        """
        self._raises = True
        try:
            self.check()
            yield
        finally:
            self._raises = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:
            with suppress(OSError):
                os.write(2, b"\ninterrupted again, ended at once\n")
            os._exit(exit_status(number))
        first, self.number = not self.number, self.number or number
        if self._raises and first:
            raise Interrupted(number)


@contextmanager
def raising_interrupted() -> Iterator[None]:
    """Inside the block SIGTERM and SIGHUP raise `Interrupted`, so that what is open is closed."""
    requests = StopRequests()
    with requests.listening(), requests.interruptible():
        yield
