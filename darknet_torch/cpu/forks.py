"""Threads that a fork leaves in the parent process, for which its child would wait. No torch."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from darknet_torch.errors import UsageError

_POOLS = Path("/proc/self/maps")  # names the libraries of the process, on Linux
_UNABLE = "libgomp"  # GNU's OpenMP; those of LLVM and Intel start new threads after a fork


class _Pool(threading.local):
    """What is known of the calling thread's pool of OpenMP, which has one for each thread."""

    started = False
    lost = False


_pool = _Pool()


def check_threads(count: int) -> None:
    """Refuse to compute where the computation would never end; to be called before each.

    Args:
        count: the number of threads that will compute.

    Raises:
        UsageError: this process was forked after the same thread had computed with several
            threads. They are not in this process, and OpenMP would wait for them for ever.
    """
    if count > 1 and _pool.lost and _waits_for_lost_threads():
        raise UsageError(
            "this process was forked from one that had computed already, and has none of its "
            "threads",
            expected="a process of its own, or one that was forked before",
            fix='start it by multiprocessing.get_context("spawn"), or call '
            "torch.set_num_threads(1) in it",
        )
    _pool.started = _pool.started or count > 1


def _note_fork() -> None:
    _pool.lost = _pool.lost or _pool.started


def _waits_for_lost_threads() -> bool:
    with suppress(OSError):
        return _UNABLE in _POOLS.read_text()
    return False


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_note_fork)
