"""The size of a picture file, read from its header where possible. No torch."""

from __future__ import annotations

import os

import libstb

from darknet_torch.media.decoding import check_is_file, read_picture

_FIRST_TRANSPOSED = 5  # EXIF orientations from 5 on swap height and width


def picture_size(path: str | os.PathLike[str], *, exif: bool = True) -> tuple[int, int]:
    """Height and width in pixels of the picture that `read_image` returns for a file.

    Args:
        path: the picture file.
        exif: apply the EXIF orientation.

    Raises:
        ImageError: the file is missing, empty, broken or not a picture.
    """
    file = check_is_file(path)
    try:
        width, height, _ = libstb.iminfo(file)
        transposed = exif and libstb.exif_orientation(file) >= _FIRST_TRANSPOSED
    except (libstb.Error, ValueError, OSError):  # stb cannot read this format
        height, width = read_picture(path, exif=exif).image.shape[:2]
        transposed = False
    return (width, height) if transposed else (height, width)
