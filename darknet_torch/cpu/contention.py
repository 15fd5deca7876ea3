"""Notices when the threads of this process wait for cores, and says what helps. No torch.

A network computed with several threads waits after each layer for the slowest of them. Where
another program takes the core of one, all of them wait, and the program is slowed down many times
over. Linux says what this needs (/proc); on other systems nothing is noticed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cpu.cores import THREADS_VARIABLE, Cores, allowed_cpus, usable_cores
from darknet_torch.errors import format_message

ADVICE = (
    f"--threads 1 (or {THREADS_VARIABLE}=1) computes without such waits, and is many times faster "
    "as long as the cores are busy; fewer --workers leave more of them"
)

_INTERVAL = 5.0  # seconds over which the times are compared
_LEAST_WAITING = 0.2  # share of the time of the threads
_LEAST_OTHERS = 0.25  # share of the time of the cores
_PROC = Path("/proc")
_BUSY_COLUMNS = (0, 1, 2, 5, 6)  # of /proc/stat: user, nice, system, irq, softirq
_PARENT, _OWN_TICKS = 1, (11, 12, 13, 14)  # of /proc/PID/stat, after the name of the program

ThreadTimes = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class CpuTimes:
    """What the operating system counted up to a moment, in seconds.

    Attributes:
        moment: when, by a clock that never goes back.
        threads: thread of this process -> (how long it ran, how long it waited for a core).
        busy: how long the CPUs that this process may use ran anything.
        own: how long the processes of this program ran.
    """

    moment: float
    threads: ThreadTimes
    busy: float
    own: float


@dataclass(frozen=True)
class Contention:
    """The waits of this process between two moments.

    Attributes:
        waiting: the share of their time that its threads waited for a core, 0-1.
        others: the cores that other programs used, a mean.
        threads: with how many threads it computes.
        cores: what it may use.
    """

    waiting: float
    others: float
    threads: int
    cores: Cores

    @property
    def too_many_threads(self) -> bool:
        """Whether it computes with more threads than it may use cores."""
        return self.threads > min(self.cores.logical, self.cores.quota or self.cores.logical)

    @property
    def is_harmful(self) -> bool:
        """Whether fewer threads would help.

        Waits alone do not show that: the threads that read pictures and those that compute
        also wait for each other's cores, where nothing else runs and nothing is lost.
        """
        if self.threads == 1 or self.waiting < _LEAST_WAITING:
            return False
        return self.too_many_threads or self.others >= _LEAST_OTHERS * self.cores.logical

    def message(self) -> str:
        """What is wrong and what helps, in one line."""
        usable = f"{self.cores.quota or self.cores.logical:g} cores"
        if self.too_many_threads:
            cause = f"{self.threads} threads compute on {usable}"
        else:
            cause = f"other programs use {self.others:.1f} of {usable}"
        return format_message(
            "the threads that compute wait for cores",
            expected=f"a core for each of {self.threads} threads",
            got=f"{self.waiting:.0%} of their time spent waiting, since {cause}",
            fix=ADVICE,
        )


def compare(before: CpuTimes, after: CpuTimes, threads: int, cores: Cores) -> Contention:
    """The waits between two moments.

    Args:
        before, after: what was counted up to each.
        threads: with how many threads this process computes.
        cores: what it may use.
    """
    ran = waited = 0.0
    for name, (now_ran, now_waited) in after.threads.items():
        old_ran, old_waited = before.threads.get(name, (0.0, 0.0))
        ran += max(0.0, now_ran - old_ran)
        waited += max(0.0, now_waited - old_waited)
    seconds = max(after.moment - before.moment, 1e-9)
    others = (after.busy - before.busy) - (after.own - before.own)
    return Contention(
        # A process that hardly runs has nothing to lose.
        waiting=waited / max(ran + waited, seconds / 2),
        others=max(0.0, others / seconds),
        threads=threads,
        cores=cores,
    )


class ContentionMonitor:
    """Warns once when the threads of this process wait for cores.

    Args:
        threads: with how many threads this process computes.
        report: called with the warning.
        program: the process whose descendants belong to this program; this one by default.
        count: counts the times; None where the system does not say.
    """

    def __init__(
        self,
        threads: int,
        report: Callable[[str], None],
        *,
        program: int | None = None,
        count: Callable[[int], CpuTimes | None] | None = None,
    ) -> None:
        self._threads, self._report = threads, report
        self._program = os.getpid() if program is None else program
        self._count = count or count_times
        self._due = 0.0
        self._before: CpuTimes | None = None
        self._done = threads == 1  # nothing that this program could change

    def check(self) -> None:
        """Look at the times if the last look is some seconds ago; it costs nothing otherwise."""
        if self._done or time.monotonic() < self._due:
            return
        now = self._count(self._program)
        if now is None:
            self._done = True
            return
        if self._before is not None:
            found = compare(self._before, now, self._threads, usable_cores())
            if found.is_harmful:
                self._done = True
                self._report(found.message())
        self._before, self._due = now, time.monotonic() + _INTERVAL


@contextmanager
def watching_contention(threads: int, report: Callable[[str], None]) -> Iterator[None]:
    """Check at intervals, in a thread of its own, while the block runs.

    Args:
        threads, report: as `ContentionMonitor` takes them.
    """
    monitor, ended = ContentionMonitor(threads, report), threading.Event()

    def watch() -> None:
        with suppress(OSError):  # nobody reads what is reported
            monitor.check()
            while not ended.wait(_INTERVAL):
                monitor.check()

    watcher = threading.Thread(target=watch, name="contention", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def count_times(program: int) -> CpuTimes | None:
    """What Linux has counted so far; None on other systems, and where /proc is not readable.

    Args:
        program: the process whose descendants, itself included, are this program.
    """
    try:
        own, busy = _own_seconds(program), _busy_seconds(allowed_cpus())
        return CpuTimes(time.monotonic(), _thread_times(), busy, own)
    except (OSError, ValueError, LookupError, AttributeError):
        return None


def _thread_times() -> ThreadTimes:
    found = {}
    for path in (_PROC / "self" / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended
            ran, waited, _ = (path / "schedstat").read_text().split()
            found[path.name] = (int(ran) / 1e9, int(waited) / 1e9)
    if not found:
        raise LookupError("this kernel counts no waits")
    return found


def _busy_seconds(cpus: frozenset[int]) -> float:
    ticks = 0
    for line in (_PROC / "stat").read_text().splitlines():
        name, *columns = line.split()
        if name.startswith("cpu") and name[3:].isdecimal() and int(name[3:]) in cpus:
            ticks += sum(int(columns[index]) for index in _BUSY_COLUMNS)
    return ticks / os.sysconf("SC_CLK_TCK")


def _own_seconds(program: int) -> float:
    """How long a process and its descendants ran, those that have ended included."""
    parents, ticks = {}, {}
    for path in _PROC.iterdir():
        if path.name.isdecimal():
            with suppress(OSError):  # the process has ended
                columns = (path / "stat").read_text(errors="replace").rpartition(")")[2].split()
                parents[int(path.name)] = int(columns[_PARENT])
                ticks[int(path.name)] = sum(int(columns[index]) for index in _OWN_TICKS)
    total = sum(ticks[pid] for pid in ticks if program in _ancestors(pid, parents))
    return total / os.sysconf("SC_CLK_TCK")


def _ancestors(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    """A process, its parent, the parent of that ..."""
    seen = set[int]()
    while pid and pid not in seen:
        yield pid
        seen.add(pid)
        pid = parents.get(pid, 0)
