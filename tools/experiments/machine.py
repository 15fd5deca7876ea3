"""What computes: processor, cores, versions."""

from __future__ import annotations

import platform

import cv2
import torch

from darknet_torch.cpu.cores import usable_cores
from darknet_torch.cpu.machine import processor_name


def machine() -> str:
    """Describe what computes, for a table of results."""
    parts = (
        f"{processor_name()}, {usable_cores().physical} cores",
        f"Python {platform.python_version()}",
        f"PyTorch {torch.__version__}",
        f"OpenCV {cv2.__version__}",
    )
    return ", ".join(parts)
