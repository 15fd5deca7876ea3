"""Random changes of hue, saturation and exposure. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import random_scale, uniform
from darknet_torch.cfg.net import NetOptions

_HUES = 179  # AlexeyAB's number of hues of a full turn; OpenCV's own is 180


@dataclass(frozen=True)
class ColourChange:
    """A change of colours.

    Attributes:
        hue: added to the hue, as a fraction of a full turn.
        saturation: factor.
        exposure: factor.
    """

    hue: float = 0.0
    saturation: float = 1.0
    exposure: float = 1.0

    @property
    def changes(self) -> bool:
        """Whether the change has any effect."""
        return self != ColourChange()


@dataclass(frozen=True)
class ColourRange:
    """The range of colour changes.

    Attributes:
        hue: the hue moves by up to this fraction of a turn in both directions.
        saturation: a factor up to this number, or its inverse.
        exposure: a factor up to this number, or its inverse.
    """

    hue: float = 0.0
    saturation: float = 1.0
    exposure: float = 1.0

    @staticmethod
    def from_net(net: NetOptions) -> ColourRange:
        """Read the options of [net]; a factor of 0 means 1, as in data.c load_thread."""
        return ColourRange(net.hue, net.saturation or 1, net.exposure or 1)

    def draw(self, random: np.random.Generator) -> ColourChange:
        """Draw a change within the range. Source: image.c random_distort_image."""
        hue = uniform(random, -self.hue, self.hue)
        return ColourChange(
            hue, random_scale(random, self.saturation), random_scale(random, self.exposure)
        )


def distort_bytes(image: np.ndarray, colour: ColourChange) -> np.ndarray:
    """Change the colours of a BGR [H, W, 3] or grey [H, W] uint8 picture.

    A grey picture changes by the exposure only. Values are clipped to 0-255; so a hue below 0
    becomes red instead of wrapping around.

    Source: image_opencv.cpp image_data_augmentation (AlexeyAB).
    """
    if not colour.changes:
        return image
    values = np.arange(256, dtype=np.float32)
    exposed = _to_bytes(values * np.float32(colour.exposure))
    if image.ndim == 2:
        return cv2.LUT(image, exposed)
    turned = _to_bytes(values + np.float32(_HUES * colour.hue))
    saturated = _to_bytes(values * np.float32(colour.saturation))
    table = np.stack((turned, saturated, exposed), -1)[None]
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_BGR2HSV), table)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)


def _to_bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def distort(image: np.ndarray, colour: ColourChange) -> np.ndarray:
    """Change the colours of RGB [H, W, 3] or grey [H, W] float32 in 0-1; see `distort_bytes`.

    Source: image.c distort_image (both code bases).
    """
    if not colour.changes:
        return image
    if image.ndim == 2:
        return (image * np.float32(colour.exposure)).clip(0, 1)
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)  # hue in degrees
    hsv *= np.array((1, colour.saturation, colour.exposure), np.float32)
    hsv[..., 0] = (hsv[..., 0] + np.float32(colour.hue * 360)) % 360
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).clip(0, 1)
