"""Thumbnails: small JPEG files of pictures, each within a number of bytes. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from darknet_torch.media.frame_batches import picture_batches

MOST_BYTES = 15 * 1024  # of a thumbnail
MOST_PICTURES = 500  # on a page
# Tried in this order. Noise fits at the last of them.
_LONG_SIDES = (480, 400, 320, 240, 160, 96)
_QUALITIES = (80, 62, 45)
_AT_ONCE = 8  # pictures in memory while thumbnails are made


def thumbnail(image: np.ndarray) -> bytes:
    """Return a small copy of a picture as a JPEG file.

    Args:
        image: [H, W, 3] BGR uint8, of any size from 1 x 1 pixel.

    Returns:
        A JPEG file of at most `MOST_BYTES`, the largest and best of the sizes and qualities that
        are tried. No side is longer than 480 pixels, and none longer than the picture's.
    """
    return next(data for data in _candidates(image) if len(data) <= MOST_BYTES)


def read_thumbnails(
    paths: Sequence[str | os.PathLike[str]], *, workers: int, exif: bool
) -> dict[int, tuple[bytes, int, int]]:
    """Read pictures for their thumbnails.

    Args:
        paths: of the pictures.
        workers: threads that read them.
        exif: rotate pictures according to their EXIF orientation.

    Returns:
        Index of a path -> thumbnail, and the picture's height and width in pixels. They are in
        the order of the paths, without those that cannot be read.
    """
    found = {}
    for batch in picture_batches(paths, size=_AT_ONCE, workers=workers, exif=exif):
        for frame in batch.frames:
            height, width = frame.image.shape[:2]
            found[frame.index] = thumbnail(frame.image), height, width
    return found


def _candidates(image: np.ndarray) -> Iterator[bytes]:
    """Yield the picture in falling sizes, and in each size in falling qualities."""
    for side in _LONG_SIDES:
        image = _shrunk(image, side)
        for quality in _QUALITIES:
            yield cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()


def _shrunk(image: np.ndarray, side: int) -> np.ndarray:
    """Shrink an image until its longer side is at most `side` pixels."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
