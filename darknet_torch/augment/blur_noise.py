"""Blur and Gaussian noise for detector training. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import coin_flip, uniform_integer

BLUR_BACKGROUND = 1  # value of blur= that keeps the objects sharp
_BACKGROUND_KERNEL = 17
_MAX_NOISE = 127
_OBJECT_TO_KERNEL = 8  # the smallest object is at least this many times as wide as the kernel


@dataclass(frozen=True)
class BlurNoise:
    """The options blur= and gaussian_noise=.

    Attributes:
        blur: 0 for none, 1 to blur the background, else the kernel size in pixels.
        noise: standard deviation of the noise in grey levels, 0 for none.
    """

    blur: int = 0
    noise: int = 0

    def draw(self, random: np.random.Generator) -> tuple[int, int]:
        """Draw the blur and noise of one picture.

        A third of the pictures is not blurred, a third has a blurred background, and a third
        is blurred as a whole; half of the pictures gets noise.

        Returns:
            (blur, noise) as `apply` takes them.

        Source: data.c load_data_detection (AlexeyAB).
        """
        blur = (0, BLUR_BACKGROUND, self.blur)[uniform_integer(random, 0, 2)] if self.blur else 0
        return blur, self.noise if self.noise and coin_flip(random) else 0

    @staticmethod
    def apply(
        image: np.ndarray, rows: np.ndarray, blur: int, noise: int, random: np.random.Generator
    ) -> np.ndarray:
        """Blur a picture and add noise.

        Args:
            image: uint8 [H, W] or [H, W, 3].
            rows: [K, 4 or more], the objects: centre x, centre y, width, height in 0-1.
            blur: as the attribute.
            noise: as the attribute.
            random: generator of the noise.

        Returns:
            uint8 in the shape of `image`.

        Source: data.c load_data_detection, image_opencv.cpp image_data_augmentation
        (AlexeyAB). The noise only brightens, since OpenCV clips it at 0.
        """
        if blur > BLUR_BACKGROUND:
            blur = min(blur, _shortest_object_side(rows, *image.shape[:2]) // _OBJECT_TO_KERNEL)
        if blur:
            size = _BACKGROUND_KERNEL if blur == BLUR_BACKGROUND else blur // 2 * 2 + 1
            blurred = cv2.GaussianBlur(image, (size, size), 0)
            if blur == BLUR_BACKGROUND:
                _restore_objects(blurred, image, rows)
            image = blurred
        if noise:
            grain = random.standard_normal(image.shape, np.float32) * min(noise, _MAX_NOISE)
            image = cv2.add(image, np.rint(grain).clip(0, 255).astype(np.uint8))
        return image


def _shortest_object_side(rows: np.ndarray, height: int, width: int) -> int:
    """The shortest side of all objects in whole pixels; 0 without objects."""
    sides = rows[:, 2:4] * np.array((width, height), np.float32)
    return int(sides.min()) if len(rows) else 0


def _restore_objects(blurred: np.ndarray, image: np.ndarray, rows: np.ndarray) -> None:
    height, width = image.shape[:2]
    for x, y, w, h in rows[:, :4] * np.array((width, height, width, height), np.float32):
        left, top = int(x - w / 2), int(y - h / 2)
        place = slice(max(0, top), top + int(h)), slice(max(0, left), left + int(w))
        blurred[place] = image[place]
