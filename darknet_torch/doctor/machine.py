"""List what is installed on this machine and what it can compute on."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darknet_torch import __version__
from darknet_torch.cfg.zoo import definitions_folder, shipped
from darknet_torch.cpu.contention import ADVICE
from darknet_torch.cpu.cores import Cores, threads_to_compute, usable_cores
from darknet_torch.downloads.finding import cache_folder, downloaded
from darknet_torch.downloads.published import PUBLISHED
from darknet_torch.extras import PROGRAM, installed_version, required_packages

_DEVELOPMENT_EXTRA = "dev"
# Package -> those whose files it would overwrite: where one is installed, it is not missing.
_REPLACED_BY = {
    "onnxruntime-gpu": ("onnxruntime",),
    "onnxruntime": ("onnxruntime-gpu",),
    "opencv-python": (
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
}
_BF16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")


def program() -> dict[str, str]:
    """Return the versions of this program, Python and the operating system."""
    return {
        PROGRAM: __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def packages() -> dict[str, dict[str, str | None]]:
    """Return the versions of the packages that this program requires.

    Returns:
        Name of the extra, or "" for the required packages -> package -> version, or None if it
        is not installed.

    Raises:
        ImportError: this program is not installed, but run from a folder.
    """
    return {
        extra: {name: installed_version(name) for name in names if not _is_replaced(name)}
        for extra, names in required_packages().items()
        if extra != _DEVELOPMENT_EXTRA
    }


def _is_replaced(package: str) -> bool:
    missing = installed_version(package) is None
    return missing and installed_version(*_REPLACED_BY.get(package, ())) is not None


def devices() -> dict[str, dict[str, Any]]:
    """Return the devices that PyTorch can compute on, by PyTorch's names.

    Raises:
        ImportError, OSError: PyTorch cannot be imported.
    """
    import torch

    cpu = {
        "threads": torch.get_num_threads(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "bf16": _cpu_has_bf16(),
    }
    found: dict[str, dict[str, Any]] = {"cpu": cpu}
    for index in range(torch.cuda.device_count()):
        with torch.cuda.device(index):
            found[f"cuda:{index}"] = {
                "name": torch.cuda.get_device_name(index),
                "bytes": torch.cuda.get_device_properties(index).total_memory,
                "bf16": torch.cuda.is_bf16_supported(),
            }
    return found


def cores() -> dict[str, Any]:
    """Return the cores that a command may use, the threads it would take, and what helps.

    Raises:
        ImportError, OSError: PyTorch cannot be imported.
    """
    import torch

    found, load, threads = usable_cores(), _load(), torch.get_num_threads()
    return {
        "usable": found.logical,
        "physical": found.physical,
        "quota": "none" if found.quota is None else found.quota,
        "load": load,
        "threads": {"PyTorch": threads, "training": threads_to_compute()},
        "advice": _advice(found, load, threads) or "none",
    }


def _load() -> float | None:
    """Return the mean number of threads that ran or waited in the last minute, if it is known."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _advice(found: Cores, load: float | None, threads: int) -> str | None:
    """Return what helps where threads will wait for cores; None if nothing needs help."""
    most = min(found.logical, found.quota or found.logical)
    if threads > most:
        return f"{threads} threads would compute on {most:g} cores: {ADVICE}"
    if threads > 1 and load is not None and load >= found.logical:
        return f"other programs use the cores (load {load:.1f} on {found.logical}): {ADVICE}"
    return None


def _cpu_has_bf16() -> bool | None:
    """Return whether the CPU has bfloat16 instructions; None if this PyTorch cannot tell."""
    import torch

    # Not every PyTorch that is supported has it.
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    return None if capabilities is None else any(capabilities().get(name) for name in _BF16)


def opencv() -> dict[str, str]:
    """Return OpenCV's version, and which optional parts it was built with.

    Raises:
        ImportError: OpenCV cannot be imported.
    """
    import cv2

    built = cv2.getBuildInformation()
    return {
        "version": cv2.__version__,
        **{part: _built_with(built, key) for part, key in _OPENCV_PARTS.items()},
    }


_OPENCV_PARTS = {"JPEG": "JPEG", "video": "FFMPEG", "cameras": "v4l/v4l2", "windows": "GUI"}


def _built_with(built: str, key: str) -> str:
    """Return what OpenCV's build information says about `key`, "NO" if nothing."""
    match = re.search(rf"^ +{re.escape(key)}: +(.*\S)", built, re.MULTILINE)
    return match[1] if match else "NO"


def cache() -> dict[str, Any]:
    """Return the folder of downloaded files, whether it is writable, and sizes in bytes.

    Raises:
        UsageError: the user has no home folder.
    """
    folder = cache_folder()
    files = {published.name: downloaded(published) for published in PUBLISHED}
    existing = _nearest_existing(folder)
    return {
        "folder": str(folder),
        "writable": os.access(existing, os.W_OK),
        "files": {name: path.stat().st_size for name, path in files.items() if path},
        "free_bytes": shutil.disk_usage(existing).free,
    }


def _nearest_existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def definitions() -> Mapping[str, Any]:
    """Return the folder of the shipped definitions and their number."""
    return {"folder": str(definitions_folder()), "count": len(shipped(".cfg"))}
