"""The size of a picture file, read from its header where possible. No torch."""

from __future__ import annotations

import os

from darknet_torch.media.decoding import check_is_file, read_picture
from darknet_torch.media.stb import size_in_header


def picture_size(path: str | os.PathLike[str], *, exif: bool = True) -> tuple[int, int]:
    """Height and width in pixels of the picture that `read_image` returns for a file.

    Args:
        path: the picture file.
        exif: apply the EXIF orientation.

    Raises:
        ImageError: the file is missing, empty, broken or not a picture.
    """
    size = size_in_header(check_is_file(path), exif=exif)
    if size is not None:
        return size
    # Any decoder will do for the size; OpenCV knows more formats, and is always there.
    height, width = read_picture(path, exif=exif, decoder="opencv").image.shape[:2]
    return height, width
