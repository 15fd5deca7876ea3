"""What the child processes of a training share: signals, and how they end. No torch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from multiprocessing.connection import wait

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
