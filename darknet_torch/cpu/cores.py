"""How many cores this process may use, and with how many threads it should compute. No torch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cpu.control_groups import (
    GROUPS,
    GROUPS_OF_PROCESS,
    ControlGroup,
    control_groups,
    read_text,
)

THREADS_VARIABLE = "OMP_NUM_THREADS"
MOST_THREADS = 9999  # more than any machine has cores, and less than makes PyTorch fail
_CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Cores:
    """The cores that this process may use.

    Attributes:
        logical: what the affinity of the process allows, hyperthreads counted; 1 or more.
        physical: the same without hyperthreads, which bring nothing to a convolution.
        quota: the cores' worth of time that a control group grants, such as 1.5, as Docker's
            ``--cpus`` sets it; None without a limit.
    """

    logical: int
    physical: int
    quota: float | None = None

    def threads(self, processes: int = 1) -> int:
        """The threads with which each of several processes on this machine should compute.

        A thread for each physical core, no more than the quota grants: threads wait for each
        other after each layer, so one that is kept off its core holds up all. Processes that
        only load pictures are not counted; they are idle most of the time.

        Args:
            processes: those that share the cores, 1 or more.
        """
        most = self.physical if self.quota is None else min(self.physical, int(self.quota))
        return max(1, most // processes)


def usable_cores() -> Cores:
    """The cores that this process may use now."""
    allowed = allowed_cpus()
    return Cores(len(allowed), _physical(allowed), quota())


def allowed_cpus() -> frozenset[int]:
    """The numbers of the CPUs on which this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def threads_to_compute(given: int | None = None, processes: int = 1) -> int:
    """The number of threads: `given`, else that of OMP_NUM_THREADS, else `Cores.threads`.

    Args:
        given: what the user asked for, 1 or more; None for nothing.
        processes: those that compute together on this machine.
    """
    return given or exported_threads() or usable_cores().threads(processes)


def exported_threads() -> int | None:
    """The number in OMP_NUM_THREADS, of a list the first, as in OpenMP; None without one.

    A number above `MOST_THREADS` is none.
    """
    match = re.match(r"\s*0*(\d{1,4})\s*(,|$)", os.environ.get(THREADS_VARIABLE, ""))
    return int(match[1]) or None if match else None


def _physical(cpus: Iterable[int], folder: Path = _CPUS) -> int:
    """The number of physical cores among `cpus`; all of them where the system does not say."""
    return max(1, len({_place(folder / f"cpu{cpu}" / "topology", cpu) for cpu in cpus}))


def _place(topology: Path, cpu: int) -> tuple[str, ...]:
    """The socket and the core of a CPU, or its number where the system does not say."""
    place = tuple(read_text(topology / name) for name in ("physical_package_id", "core_id"))
    return place if all(place) else (str(cpu),)


def quota(process: Path = GROUPS_OF_PROCESS, root: Path = GROUPS) -> float | None:
    """The cores' worth of time that the control groups of this process grant; None for no limit.

    A group cannot use more than those above it, so the least counts.

    Args:
        process, root: as `control_groups` takes them.
    """
    found = [_limit(group) for group in control_groups("cpu", process, root)]
    return min((limit for limit in found if limit is not None), default=None)


def _limit(group: ControlGroup) -> float | None:
    """The limit of a group.

    Version 2 writes ``150000 100000`` or ``max 100000``, in microseconds; version 1 two files, and
    -1 for no limit.
    """
    if group.version == 2:
        return _ratio(*(group.read("cpu.max").split() or ("", ""))[:2])
    return _ratio(group.read("cpu.cfs_quota_us"), group.read("cpu.cfs_period_us"))


def _ratio(quota: str, period: str = "100000") -> float | None:
    try:
        time, of = int(quota), int(period)
    except ValueError:
        return None
    return time / of if time > 0 and of > 0 else None
