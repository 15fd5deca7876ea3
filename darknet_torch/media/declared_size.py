"""The size that the header of a picture file declares, before anything is decoded. No torch."""

from __future__ import annotations

import io

import imagesize

from darknet_torch.media.jpeg import JPEG_START, declared_jpeg_size


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Height and width in pixels that a picture file declares.

    Args:
        data: the content of a picture file, or its start.

    Returns:
        Height and width of the stored pixels; None if the header is broken, or of a format that
        imagesize does not know. OpenCV's own limit on pixels holds for these, too.
    """
    if data.startswith(JPEG_START):
        return declared_jpeg_size(data)  # passes over what decoders pass over
    if data.startswith(b"<"):
        return None  # imagesize would parse it as SVG, which OpenCV does not read
    width, height = imagesize.get(io.BytesIO(data), exif_rotation=False)
    return (height, width) if width > 0 and height > 0 else None
