"""stb_image, the JPEG decoder of Darknet's CPU build, as the package libstb has it. No torch.

Where libstb cannot be used, OpenCV decodes, and the first picture for which that makes a
difference says so.
"""

from __future__ import annotations

import threading
from types import ModuleType

import cv2
import numpy as np

from darknet_torch.errors import warn

PACKAGE = "libstb"
TESTED_VERSION = "0.8"  # major and minor; setup.cfg asks for it
REQUIREMENT = f"'{PACKAGE}~={TESTED_VERSION}.0'"  # for pip in a shell
DIFFERENCE = (
    "OpenCV decodes JPEGs instead: about 5% of their values differ from Darknet's, by 1 to 3 grey "
    "levels, so that scores change, mostly in the third decimal"
)
_BGR = 3
_ROWS = 1024  # of a picture whose colours change places at once: OpenCV copies them
_FIRST_TRANSPOSED = 5  # EXIF orientations from 5 on swap height and width


def _import_libstb() -> tuple[ModuleType | None, str | None]:
    """Return libstb, or None and why it cannot be used."""
    try:
        import libstb
    except ModuleNotFoundError:
        return None, f"the package {PACKAGE} is not installed"
    except (ImportError, OSError, AttributeError) as error:  # a build for another system or Python
        return None, f"the package {PACKAGE} cannot be imported ({error})"
    version = str(getattr(libstb, "__version__", "unknown"))
    if not version.startswith(f"{TESTED_VERSION}."):
        return None, f"the package {PACKAGE} {version} is not tested ({TESTED_VERSION} is)"
    return libstb, None


_libstb, _unusable = _import_libstb()
_warning = threading.Lock()
_has_warned = False


def unusable() -> str | None:
    """Return why libstb cannot be used; None if it can."""
    return _unusable


def decode_jpeg(data: bytes, *, exif: bool, max_pixels: int) -> np.ndarray | None:
    """Decode a JPEG bit for bit as Darknet's own decoder does.

    Args:
        data: the whole file.
        exif: rotate the picture according to its EXIF orientation.
        max_pixels: larger pictures are not decoded.

    Returns:
        BGR uint8 [H, W, 3]; None if stb_image cannot decode it, not in the memory that there is,
        or cannot be used.

    Warns:
        CfgWarning: libstb cannot be used; once in a process.
    """
    if _libstb is None:
        _warn_once()
        return None
    try:
        decoded = _libstb.Image.open(data, channels=_BGR, orient=exif, max_bytes=_BGR * max_pixels)
        pixels = decoded.numpy()
        for top in range(0, len(pixels), _ROWS):
            rows = pixels[top : top + _ROWS]
            cv2.cvtColor(rows, cv2.COLOR_RGB2BGR, dst=rows)
        return pixels
    except (_libstb.Error, ValueError, MemoryError):
        return None


def size_in_header(data: bytes, *, exif: bool) -> tuple[int, int] | None:
    """Return the height and width of a picture, of which nothing is decoded.

    Args:
        data: the whole file.
        exif: apply the EXIF orientation.

    Returns:
        Height and width in pixels; None if libstb cannot read the file, or cannot be used.
    """
    if _libstb is None:
        return None
    try:
        width, height, _ = _libstb.iminfo(data)
        transposed = exif and _libstb.exif_orientation(data) >= _FIRST_TRANSPOSED
    except (_libstb.Error, ValueError, MemoryError):
        return None
    return (width, height) if transposed else (height, width)


def _warn_once() -> None:
    global _has_warned
    with _warning:
        if _has_warned:
            return
        _has_warned = True
    assert _unusable is not None
    warn(f"{_unusable}; {DIFFERENCE}", fix=f"pip install {REQUIREMENT}")
