"""Whether this machine may have a GPU that PyTorch computes on, without importing it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_DRIVERS = ("nvidia[0-9]*", "dxg", "kfd")  # of NVIDIA; of GPUs under WSL; of AMD


def may_have_gpu(devices: Path = Path("/dev")) -> bool:
    """Return False only if there is certainly no GPU for which PyTorch would be asked.

    Args:
        devices: the folder of the system's devices, on Linux.
    """
    if os.environ.get(_VISIBLE, "0").strip() in ("", "-1"):
        return False
    if sys.platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32"
        return (system / "nvcuda.dll").exists()
    return any(next(devices.glob(pattern), None) is not None for pattern in _DRIVERS)
