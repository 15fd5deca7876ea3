"""The sizes of pictures, from their first bytes where these say it. No torch."""

from __future__ import annotations

import os

import libstb

from darknet_torch.media.images import read_image

_TURNED = 5  # EXIF orientations from here on exchange height and width


def picture_size(path: str | os.PathLike[str], *, exif: bool = True) -> tuple[int, int]:
    """Height and width, pixels, of what `read_image` gives for the same file.

    Args:
        exif: of the picture turned as its EXIF orientation says.

    Raises:
        ImageError: missing, empty, broken or no picture.
    """
    file = os.fspath(path)
    try:
        width, height, _ = libstb.iminfo(file)
        turned = exif and libstb.exif_orientation(file) >= _TURNED
    except (libstb.Error, ValueError, OSError):  # a format that stb does not know
        height, width = read_image(path, exif=exif).shape[:2]
        turned = False
    return (width, height) if turned else (height, width)
