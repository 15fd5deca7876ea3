"""The processes of a training as their parent sees them: it waits for them, and says for which."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import cast

from darknet_torch.training.callbacks import Callback
from darknet_torch.training.channel import Channel
from darknet_torch.training.forward import MiniBatchResult
from darknet_torch.training.loop import TrainingLoop

# The exit status of a process that failed because it lost contact with another one.
LOST_CONTACT = 3
_INTERRUPTED = 128  # an exit status above it is that of an interruption
_FAREWELL = 10.0  # seconds in which the others may save and end after one has failed
_PACKAGE, _COLLECTIVES = "darknet_torch.", "torch.distributed"


@dataclass(frozen=True)
class Position:
    """Where a process is.

    Attributes:
        mini_batches: how many it has finished.
        waits: whether it waits for the other processes.
        place: the line of this package that it has reached.
    """

    mini_batches: int
    waits: bool
    place: str


class PositionReporter(Callback):
    """Answers the parent, in a thread, where this process is.

    Args:
        channel: the connection to the parent.
    """

    on_every_rank = True

    def __init__(self, channel: Channel) -> None:
        self._channel, self._mini_batches = channel, 0
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        self._mini_batches += 1

    def _answer(self) -> None:
        main = threading.main_thread().ident or 0
        with suppress(EOFError, ConnectionError):  # the parent is gone
            while True:
                self._channel.receive()
                self._channel.send(_position(self._mini_batches, sys._current_frames()[main]))


def _position(mini_batches: int, frame: FrameType | None) -> Position:
    waits, place = False, "its start"
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        waits = waits or module.startswith(_COLLECTIVES)
        if module.startswith(_PACKAGE):
            code = frame.f_code
            place = f"{code.co_name} ({Path(code.co_filename).name}:{frame.f_lineno})"
            break
        frame = frame.f_back
    return Position(mini_batches, waits, place)


@dataclass
class Member:
    """One of the processes that train together.

    Attributes:
        name: for messages, such as "process 1, on cuda:1".
        channel: the connection to its `PositionReporter`.
        position: where it was when it last answered, None before.
        asked: whether it has not answered yet.
    """

    name: str
    process: BaseProcess
    channel: Channel
    position: Position | None = None
    asked: bool = False

    def ask(self) -> None:
        """Ask where it is, unless it has not answered yet."""
        if not self.asked:
            with suppress(ConnectionError):  # it has ended
                self.channel.send("where?")
                self.asked = True

    def take_answer(self) -> bool:
        """Take its answer; return whether it has finished mini-batches since the last one."""
        before = self.position
        try:
            self.position = self.channel.receive()
        except EOFError:
            return False
        finally:
            self.asked = False
        return before is None or before.mini_batches != self.position.mini_batches

    def describe(self) -> str:
        """Its name and where it is."""
        place = self.position.place if self.position is not None else "its start"
        return f"{self.name}, {'which does not answer, after' if self.asked else 'at'} {place}"


class ProcessGroup:
    """Processes that train one network together; waits until all have ended.

    Args:
        members: all of them, started, in the order of their ranks.
        on_wait: called with a line for the user after every `patience` seconds in which one
            waits for another.
        patience: seconds.
    """

    def __init__(
        self, members: Sequence[Member], on_wait: Callable[[str], None], patience: float
    ) -> None:
        self._members, self._on_wait, self._patience = members, on_wait, patience
        self._moved = self._said = time.monotonic()

    def wait(self) -> Member | None:
        """Wait until all processes have ended, or one has failed.

        Returns:
            The one whose end is the cause of what happened; None if all succeeded.
        """
        deadline = None
        while self._running() and (deadline is None or time.monotonic() < deadline):
            self._wait_a_moment(self._waited_for)
            if deadline is None and self._cannot_go_on():
                deadline = time.monotonic() + _FAREWELL
        failed = [one for one in self._members if one.process.exitcode]
        causes = [one for one in failed if one.process.exitcode != LOST_CONTACT]
        return next(iter(causes or failed), None)

    def stop(self, number: int) -> None:
        """Pass a signal on to all processes and wait until the first one has saved its state.

        One that has not started to train has nothing to save, and is killed.
        """
        for one in self._running():
            if one.position is None:
                one.process.kill()
            elif one.process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(one.process.pid, number)
        deadline = None
        while self._running() and (deadline is None or time.monotonic() < deadline):
            self._wait_a_moment(self._running)
            if deadline is None and not self._members[0].process.is_alive():
                deadline = time.monotonic() + _FAREWELL

    def kill(self) -> None:
        """End all processes at once."""
        for one in self._members:
            one.process.kill()
        for one in self._members:
            one.process.join(_FAREWELL)
            one.channel.close()

    def _running(self) -> list[Member]:
        return [one for one in self._members if one.process.is_alive()]

    def _cannot_go_on(self) -> bool:
        """Whether the others will not end by themselves, or need not be waited for."""
        codes = [code for one in self._members if (code := one.process.exitcode)]
        interrupted = all(code > _INTERRUPTED for code in codes)  # then the first one saves
        return bool(codes) and not (interrupted and self._members[0].process.is_alive())

    def _wait_a_moment(self, late: Callable[[], list[Member]]) -> None:
        """Wait for an end, or for some time; if nothing has moved for long, say who is `late`."""
        running = self._running()
        for one in running:
            one.ask()
        ends = {one.process.sentinel: one for one in running}
        until = time.monotonic() + min(1.0, self._patience / 3)
        while (left := until - time.monotonic()) > 0:
            asked = {one.channel.fileno(): one for one in running if one.asked}
            ready = cast(list[int], wait([*ends, *asked], left))
            for number in ready:
                if number in ends:
                    ends[number].process.join(_FAREWELL)  # it closes its files before it ends
                    return
                if asked[number].take_answer():
                    self._moved = time.monotonic()
        now = time.monotonic()
        if now - max(self._moved, self._said) >= self._patience:
            self._said = now
            for one in late():
                self._on_wait(f"waiting for {one.describe()}: {round(now - self._moved)} s")

    def _waited_for(self) -> list[Member]:
        """Those for which others wait; all if all wait."""
        running = self._running()
        waiting = [one for one in running if one.position is not None and one.position.waits]
        return [one for one in running if one not in waiting] or waiting if waiting else []
