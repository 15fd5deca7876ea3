"""darknet.py's functions that create and change an IMAGE. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from darknet_torch.cfg.preprocessing import GREY
from darknet_torch.compat.darknet.structures import IMAGE, keep, pointer_to, values_at
from darknet_torch.errors import UsageError
from darknet_torch.media.fill import MARGIN_GREY, fill_colour
from darknet_torch.media.images import Placement, fit_planes, letterbox_placement, read_image


def make_image(w: int, h: int, c: int) -> IMAGE:
    """Make a black picture of a width, height and number of channels.

    Source: image.c make_image.
    """
    return as_image(np.zeros((c, h, w), np.float32))


def copy_image_from_bytes(image: IMAGE, data: bytes) -> None:
    """Fill `image` with the bytes of an RGB uint8 [H, W, C] array of the same size.

    Raises:
        UsageError: there are too few bytes, or too many.

    Source: image.c copy_image_from_bytes (AlexeyAB).
    Differs: C reads beyond the end of too few bytes, and takes the first of too many, which
    are then another picture.
    """
    needed, given = image.w * image.h * image.c, memoryview(data).nbytes
    if given != needed:
        raise UsageError(
            f"there are too {'few' if given < needed else 'many'} bytes for the picture",
            expected=f"{needed} for {image.w}x{image.h}x{image.c}",
            got=given,
            fix="resize the array to network_width, network_height, with "
            f"{image.c} channels of uint8, before tobytes()",
        )
    rows = np.frombuffer(data, np.uint8, needed).reshape(image.h, image.w, image.c)
    planes(image)[:] = rows.transpose(2, 0, 1) / np.float32(255)


def free_image(image: IMAGE) -> None:
    """Has no effect: the memory is freed with the object."""


def load_image(filename: bytes | str, w: int, h: int) -> IMAGE:
    """Read a picture file as RGB, resized to `w` x `h` unless one of them is 0.

    Raises:
        ImageError: the file cannot be read.

    Source: image.c load_image_color.
    """
    picture = read_image(os.fsdecode(filename), exif=False)
    height, width = (h, w) if h and w else picture.shape[:2]
    return _place_planes(picture[:, :, ::-1], Placement(height, width, height, width))


def resize_image(image: IMAGE, w: int, h: int) -> IMAGE:
    """Stretch `image` to a size. Source: image.c resize_image."""
    return _place_image(image, Placement(h, w, h, w))


def letterbox_image(image: IMAGE, w: int, h: int, *, fill: str = GREY) -> IMAGE:
    """Resize `image` with its aspect ratio and pad it with grey, or with what a network takes.

    Args:
        image: RGB or grey.
        w, h: the size to reach, pixels.
        fill: the colour, see `darknet_torch.media.fill.fill_colour`.

    Source: image.c letterbox_image.
    """
    placement = letterbox_placement(image.h, image.w, h, w)
    colour = fill_colour(fill, np.ascontiguousarray(planes(image)[::-1].transpose(1, 2, 0)))
    return _place_image(image, placement, colour)


def rgbgr_image(image: IMAGE) -> None:
    """Swap the first and the third channel in place. Source: image.c rgbgr_image."""
    values = planes(image)
    values[[0, 2]] = values[[2, 0]]


def planes(image: IMAGE) -> np.ndarray:
    """Return the values of `image`, float32 [c, h, w], which share its memory."""
    return values_at(image.data, image.c, image.h, image.w)


def as_image(values: np.ndarray) -> IMAGE:
    """Make an IMAGE that shares the memory of float32 values [c, h, w] in C order."""
    channels, height, width = values.shape
    image: IMAGE = keep(IMAGE(width, height, channels, pointer_to(values)), values)
    return image


def _place_image(
    image: IMAGE, placement: Placement, margin: float | Sequence[float] = MARGIN_GREY
) -> IMAGE:
    return _place_planes(planes(image).transpose(1, 2, 0), placement, margin)


def _place_planes(
    rows: np.ndarray, placement: Placement, margin: float | Sequence[float] = MARGIN_GREY
) -> IMAGE:
    return as_image(np.ascontiguousarray(fit_planes(rows, placement, margin=margin)))
