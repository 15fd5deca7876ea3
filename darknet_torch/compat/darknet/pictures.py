"""darknet.py's functions on an IMAGE. No torch."""

from __future__ import annotations

import os

import numpy as np

from darknet_torch.compat.darknet.structures import IMAGE, keep, pointer_to, values_at
from darknet_torch.errors import UsageError
from darknet_torch.media.images import Placement, fit_planes, letterbox_placement, read_image


def make_image(w: int, h: int, c: int) -> IMAGE:
    """A black picture of width, height and channels. Source: image.c make_image."""
    return as_image(np.zeros((c, h, w), np.float32))


def copy_image_from_bytes(image: IMAGE, data: bytes) -> None:
    """Fill `image` from the bytes of an RGB uint8 [H, W, C] array of its size.

    Raises:
        UsageError: they are too few.

    Source: image.c copy_image_from_bytes (AlexeyAB).
    """
    needed = image.w * image.h * image.c
    if len(data) < needed:
        raise UsageError(
            "the bytes do not fill the picture",
            expected=f"{needed} for {image.w}x{image.h}x{image.c}",
            got=len(data),
            fix="resize the array to network_width, network_height before tobytes()",
        )
    rows = np.frombuffer(data, np.uint8, needed).reshape(image.h, image.w, image.c)
    planes(image)[:] = rows.transpose(2, 0, 1) / np.float32(255)


def free_image(image: IMAGE) -> None:
    """Nothing to do: the memory goes with the object."""


def load_image(filename: bytes | str, w: int, h: int) -> IMAGE:
    """A picture file, RGB; resized to `w` x `h` unless one of them is 0.

    Raises:
        ImageError: it cannot be read.

    Source: image.c load_image_color.
    """
    picture = read_image(os.fsdecode(filename), exif=False)
    height, width = (h, w) if h and w else picture.shape[:2]
    return as_image(fit_planes(picture[:, :, ::-1], Placement(height, width, height, width)))


def resize_image(image: IMAGE, w: int, h: int) -> IMAGE:
    """`image` stretched. Source: image.c resize_image."""
    return _fitted(image, Placement(h, w, h, w))


def letterbox_image(image: IMAGE, w: int, h: int) -> IMAGE:
    """`image` with its aspect kept, the rest grey. Source: image.c letterbox_image."""
    return _fitted(image, letterbox_placement(image.h, image.w, h, w))


def rgbgr_image(image: IMAGE) -> None:
    """Swap the first and the third channel in place. Source: image.c rgbgr_image."""
    values = planes(image)
    values[[0, 2]] = values[[2, 0]]


def planes(image: IMAGE) -> np.ndarray:
    """The values of `image`, float32 [c, h, w]: its own memory."""
    return values_at(image.data, image.c, image.h, image.w)


def as_image(values: np.ndarray) -> IMAGE:
    """Float32 [c, h, w] as an IMAGE of that memory."""
    channels, height, width = values.shape
    image: IMAGE = keep(IMAGE(width, height, channels, pointer_to(values)), values)
    return image


def _fitted(image: IMAGE, placement: Placement) -> IMAGE:
    return as_image(fit_planes(planes(image).transpose(1, 2, 0), placement))
