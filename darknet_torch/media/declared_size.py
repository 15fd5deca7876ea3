"""The size that the header of a picture file declares, before anything is decoded. No torch."""

from __future__ import annotations

import io

import imagesize

from darknet_torch.media.jpeg import JPEG_START, declared_jpeg_size

# Headers take tens of reads, those of an AVIF of many tiles hundreds. imagesize itself follows the
# digits and comments of a PNM, the boxes of a JPEG 2000 and the entries of a TIFF to their end.
_MOST_READS = 2048


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Height and width in pixels that a picture file declares.

    Args:
        data: the content of a picture file, or its start.

    Returns:
        Height and width of the stored pixels; None if the header is broken, or of a format that
        imagesize does not know, or very long. OpenCV's own limit on pixels holds for these, too.
    """
    if data.startswith(JPEG_START):
        return declared_jpeg_size(data)  # passes over what decoders pass over
    if data.startswith(b"<"):
        return None  # imagesize would parse it as SVG, which OpenCV does not read
    width, height = imagesize.get(_Header(data), exif_rotation=False)
    return (height, width) if width > 0 and height > 0 else None


class _Header(io.BytesIO):
    """The bytes of a picture, which end after `_MOST_READS` reads: no header takes minutes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        return super().read(size) if self._reads <= _MOST_READS else b""
