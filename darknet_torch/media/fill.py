"""The colour of the areas of a network's input that no picture covers. No torch."""

from __future__ import annotations

import cv2
import numpy as np

from darknet_torch.cfg.preprocessing import GREY, IMAGENET, IMAGENET_MEAN, PICTURE_MEAN

MARGIN_GREY = 0.5
_LUMA = (0.299, 0.587, 0.114)  # of red, green, blue. Source: OpenCV's cvtColor, BGR to grey


def fill_colour(fill: str, image: np.ndarray) -> tuple[float, ...]:
    """Return the colour that fills what a picture does not cover.

    Args:
        fill: one of `darknet_torch.cfg.preprocessing.FILLS`.
        image: the picture, BGR [H, W, 3] or grey [H, W] or [H, W, 1]; uint8, or float32 in 0-1.

    Returns:
        Red, green and blue, or grey alone, in 0-1.

    Raises:
        KeyError: `fill` is another word.
    """
    channels = 1 if image.ndim == 2 else image.shape[2]
    return _COLOURS[fill](image, channels)


def fill_bytes(fill: str, image: np.ndarray) -> tuple[float, ...]:
    """Return `fill_colour` as OpenCV takes it: blue, green and red, or grey alone, in 0-255.

    OpenCV rounds it where the picture has bytes, so that 0.5 becomes 128.

    Args:
        fill, image: as in `fill_colour`.
    """
    return tuple(255 * value for value in reversed(fill_colour(fill, image)))


def _grey(image: np.ndarray, channels: int) -> tuple[float, ...]:
    return (MARGIN_GREY,) * channels


def _imagenet(image: np.ndarray, channels: int) -> tuple[float, ...]:
    if channels == len(IMAGENET_MEAN):
        return IMAGENET_MEAN
    return (sum(part * value for part, value in zip(_LUMA, IMAGENET_MEAN, strict=True)),)


def _picture_mean(image: np.ndarray, channels: int) -> tuple[float, ...]:
    most = 255 if image.dtype == np.uint8 else 1
    return tuple(value / most for value in reversed(cv2.mean(image)[:channels]))


_COLOURS = {GREY: _grey, IMAGENET: _imagenet, PICTURE_MEAN: _picture_mean}
