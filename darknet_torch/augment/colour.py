"""Hue, saturation and exposure. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import random_scale, uniform
from darknet_torch.cfg.net import NetOptions

_HUES = 179  # AlexeyAB's step around the circle of OpenCV's 180 hues


@dataclass(frozen=True)
class ColourChange:
    """A change of colours.

    Attributes:
        hue: added, in turns.
        saturation, exposure: factors.
    """

    hue: float = 0.0
    saturation: float = 1.0
    exposure: float = 1.0

    @property
    def changes(self) -> bool:
        """Whether it does anything."""
        return self != ColourChange()


@dataclass(frozen=True)
class ColourRange:
    """How far colours may change: hue to both sides, saturation and exposure by a factor."""

    hue: float = 0.0
    saturation: float = 1.0
    exposure: float = 1.0

    @staticmethod
    def from_net(net: NetOptions) -> ColourRange:
        """What [net] asks for; 0 means 1, as in data.c load_thread."""
        return ColourRange(net.hue, net.saturation or 1, net.exposure or 1)

    def draw(self, random: np.random.Generator) -> ColourChange:
        """A change within the range. Source: image.c random_distort_image."""
        hue = uniform(random, -self.hue, self.hue)
        return ColourChange(
            hue, random_scale(random, self.saturation), random_scale(random, self.exposure)
        )


def distort_bytes(image: np.ndarray, colour: ColourChange) -> np.ndarray:
    """Change the colours of BGR or grey uint8; grey knows exposure alone.

    Values stop at 0 and 255. A hue below 0 stays red, where the circle should go on.

    Source: image_opencv.cpp image_data_augmentation (AlexeyAB).
    """
    if not colour.changes:
        return image
    values = np.arange(256, dtype=np.float32)
    exposed = _bytes(values * np.float32(colour.exposure))
    if image.ndim == 2:
        return cv2.LUT(image, exposed)
    turned = _bytes(values + np.float32(_HUES * colour.hue))
    saturated = _bytes(values * np.float32(colour.saturation))
    table = np.stack((turned, saturated, exposed), -1)[None]
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_BGR2HSV), table)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)


def _bytes(values: np.ndarray) -> np.ndarray:
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
