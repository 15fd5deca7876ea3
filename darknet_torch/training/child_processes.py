"""What the child processes of a training share: signals, and how they end. No torch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from darknet_torch.errors import TrainingError
from darknet_torch.training.channel import Channel

_POLL = 1.0  # seconds; a parent that forked more children may be gone before its pipe says so
_TERMINAL_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP

_MEMORY = (
    "if memory ran out (the system's log says so): fewer --workers, a smaller batch=, more "
    "subdivisions=, or more memory for the machine or container"
)
_IN_PROCESS = "--workers 0 loads pictures in the training process and shows where it fails"
_MEANINGS = {
    signal.SIGKILL: "killed from outside, as the system does when memory runs out",
    signal.SIGBUS: "a file that it had mapped into memory is gone, or its disk is full",
    signal.SIGSEGV: "it crashed",
    signal.SIGABRT: "it crashed",
    signal.SIGTERM: "terminated from outside",
}


def start_child(
    target: Callable[..., None],
    arguments: Sequence[object],
    *,
    method: str | None = None,
    daemon: bool = False,
) -> tuple[BaseProcess, Channel]:
    """Start a process and return it with a connection to it.

    Args:
        target: called there with `arguments` and the other end of the connection.
        method: how to start it, see `multiprocessing.get_context`; None for Python's default.
        daemon: whether it must not have children.

    Raises:
        OSError: the system has no room for another process, or for more open files.
    """
    ours, its = Channel.pair()
    context: Any = multiprocessing.get_context(method)
    process = context.Process(target=target, args=(*arguments, its), daemon=daemon)
    try:
        process.start()
    except BaseException:
        ours.close()
        raise
    finally:
        its.close()  # so that the connection ends when the process ends
    return process, ours


def not_started(where: str, count: int, error: OSError) -> TrainingError:
    """What to raise when one of `count` processes cannot be started."""
    return TrainingError(
        "the process cannot be started",
        where=where,
        expected=f"room for {count} processes",
        got=error.strerror,
        fix="use fewer of them, or raise the limits that ulimit -a shows",
    )


def ignore_terminal_signals() -> None:
    """Leave Ctrl-C, SIGTERM and SIGHUP, which a whole process group may get, to the parent.

    The parent saves its state first, and then ends its children.
    """
    for name in _TERMINAL_SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def end_with_parent() -> None:
    """Let this process end at once when its parent is gone, even if it was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "this is no child process"
    born_to = os.getppid()

    def watch() -> None:
        while not wait([parent.sentinel], _POLL) and os.getppid() == born_to:
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def describe_end(exit_code: int | None) -> str:
    """Say how a process ended, such as "SIGKILL (killed from outside, ...)".

    Args:
        exit_code: as `multiprocessing.Process.exitcode`.
    """
    if exit_code is None:
        return "an unknown end"
    if exit_code >= 0:
        return f"exit status {exit_code}"
    try:
        number = signal.Signals(-exit_code)
    except ValueError:
        return f"signal {-exit_code}"
    meaning = _MEANINGS.get(number)
    return f"{number.name} ({meaning})" if meaning else number.name


def advice_after_end(exit_code: int | None) -> str:
    """Say what a user can do after a worker ended by itself."""
    return f"{_MEMORY}; {_IN_PROCESS}" if exit_code == -signal.SIGKILL else _IN_PROCESS


def describe_error(error: BaseException) -> str:
    """The type, the message and the place of an error: "ValueError: no (mosaic.py:12)"."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return "".join(traceback.format_exception_only(error)).strip() + place


def advice_after_error(error: BaseException) -> str:
    """Say what a user can do after an error of a worker."""
    return f"{_MEMORY}; {_IN_PROCESS}" if isinstance(error, MemoryError) else _IN_PROCESS
