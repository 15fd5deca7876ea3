"""Blur and noise. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import coin_flip, uniform_integer

BACKGROUND = 1  # of blur: all but the objects
_BACKGROUND_KERNEL = 17
_MOST_NOISE = 127
_PART_OF_OBJECT = 8  # a blur is at most as wide as this part of the smallest object


@dataclass(frozen=True)
class BlurNoise:
    """What blur= and gaussian_noise= ask for.

    Attributes:
        blur: 0 for none, 1 for the background, else pixels of the kernel.
        noise: its standard deviation in grey levels, 0 for none.
    """

    blur: int = 0
    noise: int = 0

    def draw(self, random: np.random.Generator) -> tuple[int, int]:
        """Blur and noise of one picture: of blur a third each of none, background, all of it.

        Source: data.c load_data_detection (AlexeyAB).
        """
        blur = (0, BACKGROUND, self.blur)[uniform_integer(random, 0, 2)] if self.blur else 0
        return blur, self.noise if self.noise and coin_flip(random) else 0

    @staticmethod
    def apply(
        image: np.ndarray, rows: np.ndarray, blur: int, noise: int, random: np.random.Generator
    ) -> np.ndarray:
        """Blur and noise on uint8 [H, W] or [H, W, 3].

        Args:
            rows: [K, 4 or more], the objects: x, y, w, h in 0-1.

        Source: data.c load_data_detection, image_opencv.cpp image_data_augmentation
        (AlexeyAB). The noise only brightens: OpenCV cuts it off at 0.
        """
        if blur > BACKGROUND:
            blur = min(blur, _smallest(rows, *image.shape[:2]) // _PART_OF_OBJECT)
        if blur:
            size = _BACKGROUND_KERNEL if blur == BACKGROUND else blur // 2 * 2 + 1
            blurred = cv2.GaussianBlur(image, (size, size), 0)
            if blur == BACKGROUND:
                _restore(blurred, image, rows)
            image = blurred
        if noise:
            grain = random.standard_normal(image.shape, np.float32) * min(noise, _MOST_NOISE)
            image = cv2.add(image, np.rint(grain).clip(0, 255).astype(np.uint8))
        return image


def _smallest(rows: np.ndarray, height: int, width: int) -> int:
    """The shortest side of an object, whole pixels; 0 if there is none."""
    sides = rows[:, 2:4] * np.array((width, height), np.float32)
    return int(sides.min()) if len(rows) else 0


def _restore(blurred: np.ndarray, image: np.ndarray, rows: np.ndarray) -> None:
    height, width = image.shape[:2]
    for x, y, w, h in rows[:, :4] * np.array((width, height, width, height), np.float32):
        left, top = int(x - w / 2), int(y - h / 2)
        place = slice(max(0, top), top + int(h)), slice(max(0, left), left + int(w))
        blurred[place] = image[place]
