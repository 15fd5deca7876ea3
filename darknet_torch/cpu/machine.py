"""What this machine is, for measurements that hold for it alone. No torch."""

from __future__ import annotations

import platform
from pathlib import Path

from darknet_torch.cpu.cores import usable_cores
from darknet_torch.errors import counted

_PROCESSORS = Path("/proc/cpuinfo")


def machine_name() -> str:
    """The processor and the number of physical cores that this process may use."""
    return f"{processor_name()}, {counted(usable_cores().physical, 'core')}"


def processor_name(path: Path = _PROCESSORS) -> str:
    """The name of the processor, as Linux gives it, else its kind.

    Args:
        path: Linux's description of the processors.
    """
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
