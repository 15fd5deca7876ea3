"""A classifier's crop: a part of the picture, turned and stretched. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import between, factor, whole_between
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError


@dataclass(frozen=True)
class CropRange:
    """Which crops may be drawn.

    Attributes:
        smallest, largest: pixels that the shorter side of the picture is resized to.
        width: of the input that they are meant for; at another they grow with it.
        angle: to both sides, degrees.
        aspect: by a factor.
        centred: a picture that is then smaller than the crop is in its middle.
    """

    smallest: int
    largest: int
    width: int
    angle: float
    aspect: float
    centred: bool

    @staticmethod
    def of(net: NetOptions, dialect: Dialect) -> CropRange:
        """What [net] asks for.

        Source: parser.c parse_net_options, classifier.c train_classifier (both code bases).

        Raises:
            CfgError: aspect= is below 0, where a factor is meant.
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

    def draw(
        self, image: np.ndarray, random: np.random.Generator, height: int, width: int
    ) -> np.ndarray:
        """A crop at random, black where the picture ends.

        Args:
            image: float32 [H, W] or [H, W, 3].
            height, width: of the result; a crop of the longer side squared, resized.

        Source: image.c random_augment_image, rotate_crop_image, data.c
        load_image_augment_paths (both code bases). Differs: where the result is no square,
        pixels are interpolated once, not twice. OpenCV before version 5 takes places to 1/32
        of a pixel.
        """
        own_height, own_width = image.shape[:2]
        size = max(height, width)
        aspect = factor(random, self.aspect)
        low, high = (side * width // self.width for side in (self.smallest, self.largest))
        shorter = max(
            1, own_height if own_height < own_width * aspect else int(own_width * aspect)
        )
        scale = max(1, whole_between(random, low, high)) / shorter
        angle = math.radians(between(random, -self.angle, self.angle))
        right = self._shift(random, own_width * scale / aspect - size)
        down = self._shift(random, own_height * scale - size)
        matrix = (
            _translation(own_width / 2, own_height / 2)
            @ _rotation(angle)
            @ np.diag((aspect / scale, 1 / scale, 1))
            @ _translation(right - size / 2, down - size / 2)
            @ np.diag((_step(size, width), _step(size, height), 1))
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(image, matrix[:2], (width, height), flags=flags)

    def _shift(self, random: np.random.Generator, room: float) -> float:
        reach = max(0.0, room / 2) if self.centred else room / 2
        return between(random, -reach, reach)


def _translation(right: float, down: float) -> np.ndarray:
    return np.array(((1, 0, right), (0, 1, down), (0, 0, 1)), np.float64)


def _rotation(angle: float) -> np.ndarray:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array(((cosine, -sine, 0), (sine, cosine, 0), (0, 0, 1)))


def _step(size: int, wanted: int) -> float:
    """Pixels of the crop for one of the result, corners on corners as in resize_image."""
    return (size - 1) / (wanted - 1) if wanted > 1 else 1.0
