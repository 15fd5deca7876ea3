"""A classifier's random crop, rotated and stretched. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import random_scale, uniform, uniform_integer
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError

_BLACK = (0, 0, 0)


@dataclass(frozen=True)
class CropRange:
    """The range of random crops.

    Attributes:
        smallest: the shorter side of the picture is resized to at least this, in pixels.
        largest: the shorter side of the picture is resized to at most this, in pixels.
        width: the input width that `smallest` and `largest` are for; they scale with it.
        angle: the largest rotation in both directions, degrees.
        aspect: the largest factor of the aspect ratio, or its inverse.
        centred: centre a picture that is smaller than the crop.
    """

    smallest: int
    largest: int
    width: int
    angle: float
    aspect: float
    centred: bool

    @staticmethod
    def from_net(net: NetOptions, dialect: Dialect) -> CropRange:
        """Read the options of [net].

        Source: parser.c parse_net_options, classifier.c train_classifier (both code bases).

        Raises:
            CfgError: aspect= is negative.
        """
        if net.aspect < 0:
            raise CfgError(
                "aspect is out of its bounds",
                where=net.where,
                expected="0 or more",
                got=net.aspect,
            )
        smallest, largest = net.min_crop or net.width, net.max_crop or 2 * net.width
        width = np.float32(net.width)
        if net.min_ratio:
            smallest = int(np.float32(net.min_ratio) * width)
        if net.max_ratio:
            largest = int(np.float32(net.max_ratio) * width)
        return CropRange(
            smallest,
            largest,
            net.width,
            net.angle,
            net.aspect or 1.0,  # as in data.c load_thread
            dialect.training_data.centres_small_crops,
        )

    def random_crop(
        self,
        image: np.ndarray,
        random: np.random.Generator,
        height: int,
        width: int,
        colour: Sequence[float] = (),
    ) -> np.ndarray:
        """Draw a crop and apply it.

        Args:
            image: float32 [H, W] or [H, W, 3].
            height, width: of the result; a crop of the longer side squared, resized.
            colour: of what is outside the picture, a value of each channel in 0-1; black by
                default, as in C.

        Source: image.c random_augment_image, rotate_crop_image, data.c
        load_image_augment_paths (both code bases). Differs: if the result is not square,
        pixels are interpolated once, not twice. OpenCV before version 5 rounds positions to 1/32
        of a pixel.
        """
        picture_height, picture_width = image.shape[:2]
        size = max(height, width)
        aspect = random_scale(random, self.aspect)
        low, high = (side * width // self.width for side in (self.smallest, self.largest))
        shorter = max(
            1,
            picture_height
            if picture_height < picture_width * aspect
            else int(picture_width * aspect),
        )
        scale = max(1, uniform_integer(random, low, high)) / shorter
        angle = math.radians(uniform(random, -self.angle, self.angle))
        right = self._draw_shift(random, picture_width * scale / aspect - size)
        down = self._draw_shift(random, picture_height * scale - size)
        matrix = (
            _translation(picture_width / 2, picture_height / 2)
            @ _rotation(angle)
            @ np.diag((aspect / scale, 1 / scale, 1))
            @ _translation(right - size / 2, down - size / 2)
            @ np.diag((_pixel_spacing(size, width), _pixel_spacing(size, height), 1))
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            image, matrix[:2], (width, height), flags=flags, borderValue=colour or _BLACK
        )

    def _draw_shift(self, random: np.random.Generator, room: float) -> float:
        reach = max(0.0, room / 2) if self.centred else room / 2
        return uniform(random, -reach, reach)


def _translation(right: float, down: float) -> np.ndarray:
    return np.array(((1, 0, right), (0, 1, down), (0, 0, 1)), np.float64)


def _rotation(angle: float) -> np.ndarray:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array(((cosine, -sine, 0), (sine, cosine, 0), (0, 0, 1)))


def _pixel_spacing(size: int, new_size: int) -> float:
    """Pixels of the crop per pixel of the result; corners are aligned, as in resize_image."""
    return (size - 1) / (new_size - 1) if new_size > 1 else 1.0
