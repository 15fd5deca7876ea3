"""The size of a picture file, read from its header where possible. No torch."""

from __future__ import annotations

import os
from pathlib import Path

from darknet_torch.media.decoding import decode_picture
from darknet_torch.media.picture_bytes import read_picture_bytes
from darknet_torch.media.picture_limits import check_declared_size
from darknet_torch.media.stb import size_in_header


def picture_size(path: str | os.PathLike[str], *, exif: bool = True) -> tuple[int, int]:
    """Height and width in pixels of the picture that `read_image` returns for a file.

    Args:
        path: the picture file.
        exif: apply the EXIF orientation.

    Raises:
        ImageError: the file is missing, empty, broken, too large or not a picture.
    """
    data, file = read_picture_bytes(path), Path(path)
    size = size_in_header(data, exif=exif)
    if size is not None:
        check_declared_size(*size, len(data), file)
        return size
    # Any decoder will do for the size; OpenCV knows more formats, and is always there.
    height, width = decode_picture(data, where=file, exif=exif, decoder="opencv").image.shape[:2]
    return height, width
