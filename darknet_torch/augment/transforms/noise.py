"""Noise, fog and blur; the boxes stay. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from darknet_torch.augment.random_streams import uniform, uniform_integer
from darknet_torch.augment.transforms.base import Transform
from darknet_torch.augment.transforms.labelled_image import LabelledImage
from darknet_torch.augment.transforms.parameters import Range, WholeRange, parameter

_FOG_GRID = 5  # points per side between which the density of the fog is interpolated
_THINNEST = 0.5  # density of the fog, as a fraction of its largest


@dataclass(frozen=True, kw_only=True)
class GaussianNoise(Transform):
    """Add normally distributed noise to each value."""

    name: ClassVar[str] = "gaussian_noise"

    deviation: tuple[float, float] = parameter(
        (5.0, 20.0), Range(0, 255), "its standard deviation, levels of 255"
    )

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        deviation = uniform(random, *self.deviation)
        return picture.with_image(gaussian_noise(picture.image, deviation, random))


def gaussian_noise(image: np.ndarray, deviation: float, random: np.random.Generator) -> np.ndarray:
    """Add to each value a number with mean 0 and that standard deviation."""
    noise = random.standard_normal(image.shape, np.float32) * np.float32(deviation)
    return _bytes(image + noise)


@dataclass(frozen=True, kw_only=True)
class MultiplicativeNoise(Transform):
    """Multiply each value by a factor of its own."""

    name: ClassVar[str] = "multiplicative_noise"

    factor: tuple[float, float] = parameter(
        (0.9, 1.1), Range(0, 4), "drawn for each value of each pixel"
    )

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        return picture.with_image(multiplicative_noise(picture.image, *self.factor, random))


def multiplicative_noise(
    image: np.ndarray, low: float, high: float, random: np.random.Generator
) -> np.ndarray:
    """Multiply each value by a uniform number from `low` to `high`."""
    factors = random.random(image.shape, np.float32) * np.float32(high - low) + np.float32(low)
    return _bytes(image * factors)


@dataclass(frozen=True, kw_only=True)
class Fog(Transform):
    """Blend the picture with white, more in some places than in others."""

    name: ClassVar[str] = "fog"

    density: tuple[float, float] = parameter(
        (0.1, 0.4), Range(0, 1), "the part of white where the fog is thickest"
    )

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        return picture.with_image(fog(picture.image, uniform(random, *self.density), random))


def fog(image: np.ndarray, density: float, random: np.random.Generator) -> np.ndarray:
    """Each value v becomes v + (255 - v) * d, where d varies smoothly over the picture.

    It is interpolated between 5 x 5 random numbers from density / 2 to density.
    """
    height, width = image.shape[:2]
    grid = uniform_grid(random) * np.float32(density)
    local = cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)[:, :, None]
    return _bytes(image + (255 - image.astype(np.float32)) * local)


def uniform_grid(random: np.random.Generator) -> np.ndarray:
    """[5, 5] float32, uniform in 0.5-1."""
    return _THINNEST + (1 - _THINNEST) * random.random((_FOG_GRID, _FOG_GRID), np.float32)


@dataclass(frozen=True, kw_only=True)
class Blur(Transform):
    """Blur the picture evenly."""

    name: ClassVar[str] = "blur"

    deviation: tuple[float, float] = parameter(
        (0.5, 2.0), Range(0.1, 100), "standard deviation of the Gaussian, pixels"
    )

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        return picture.with_image(blur(picture.image, uniform(random, *self.deviation)))


def blur(image: np.ndarray, deviation: float) -> np.ndarray:
    """Convolve an image with a Gaussian of that standard deviation in pixels."""
    return cv2.GaussianBlur(image, (0, 0), deviation)


@dataclass(frozen=True, kw_only=True)
class MotionBlur(Transform):
    """Blur the picture along a line, as if the camera had moved."""

    name: ClassVar[str] = "motion_blur"

    length: tuple[int, int] = parameter((3, 9), WholeRange(1, 99), "of the line, pixels")
    angle: tuple[float, float] = parameter(
        (0.0, 180.0), Range(-180, 180), "of the line, degrees; 0 is horizontal"
    )

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        length = uniform_integer(random, *self.length)
        return picture.with_image(motion_blur(picture.image, length, uniform(random, *self.angle)))


def motion_blur(image: np.ndarray, length: int, angle: float) -> np.ndarray:
    """Each pixel becomes the mean of `length` points along a line through it, a pixel apart.

    Points between pixels are interpolated. At the edge the picture is continued by its mirror
    image.
    """
    reach = length // 2 + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    along = np.arange(length) - (length - 1) / 2
    x = reach + along * math.cos(math.radians(angle))
    y = reach - along * math.sin(math.radians(angle))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for right in (0, 1):
        for below in (0, 1):
            share = np.abs(1 - right - (x - left)) * np.abs(1 - below - (y - top))
            np.add.at(kernel, (top + below, left + right), share)
    return cv2.filter2D(image, -1, kernel / length, borderType=cv2.BORDER_REFLECT_101)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)
