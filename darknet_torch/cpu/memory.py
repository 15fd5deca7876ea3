"""How much memory this process may still take, and giving back what it needs no more. No torch."""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import suppress
from pathlib import Path

from darknet_torch.cpu.control_groups import ControlGroup, control_groups, read_text

_MEMORY, _OWN = Path("/proc/meminfo"), Path("/proc/self/statm")
# Version -> the files with the limit of a control group, and with what it uses.
_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    2: ("memory.max", "memory.current"),
}


def available_memory() -> int | None:
    """The bytes that this process may still take; None where the system does not say (no Linux).

    That is what the machine has available, and no more than its control groups leave, as
    Docker's ``--memory`` sets it, or the process's own limit, as ``ulimit -v`` sets it.
    """
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", read_text(_MEMORY), re.MULTILINE)
    left = [room for group in control_groups("memory") if (room := _room(group)) is not None]
    if found:
        left.append(1024 * int(found[1]))
    own = _own_room()
    if own is not None:
        left.append(own)
    return min(left, default=None)


def _own_room() -> int | None:
    """The bytes of addresses that the process may still take; None without a limit."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = read_text(_OWN).partition(" ")[0]
    if limit == resource.RLIM_INFINITY or not pages.isdecimal():
        return None
    return max(0, limit - int(pages) * os.sysconf("SC_PAGE_SIZE"))


def _room(group: ControlGroup) -> int | None:
    """The bytes that a group leaves; None without a limit.

    Pages of files that were read count as used, but the system takes them back when needed.
    """
    limit, used = (group.read(name) for name in _FILES[group.version])
    if not (limit.isdecimal() and used.isdecimal()):
        return None
    stat = group.read("memory.stat")
    # Version 1 also has total_..., which counts the groups below, as the used memory does.
    cached = re.findall(r"^total_(?:in)?active_file (\d+)$", stat, re.MULTILINE) or re.findall(
        r"^(?:in)?active_file (\d+)$", stat, re.MULTILINE
    )
    return max(0, int(limit) - int(used) + sum(map(int, cached)))


def give_memory_back() -> None:
    """Give memory that was freed back to the system, where the C library keeps it for later.

    glibc does so for arrays of up to 32 MB, which then count as used. Other libraries have no
    such function, and nothing happens.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
