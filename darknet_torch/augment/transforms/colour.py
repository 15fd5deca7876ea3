"""Transforms of the colours of a picture; its boxes stay. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from darknet_torch.augment.random_streams import uniform, uniform_integer
from darknet_torch.augment.transforms.base import Transform
from darknet_torch.augment.transforms.labelled_image import LabelledImage
from darknet_torch.augment.transforms.parameters import Range, WholeNumber, WholeRange, parameter

_LEVELS = np.arange(256, dtype=np.float64)
_MIDDLE = 127.5


@dataclass(frozen=True, kw_only=True)
class BrightnessContrast(Transform):
    """Change brightness and contrast."""

    name: ClassVar[str] = "brightness_contrast"

    brightness: tuple[float, float] = parameter(
        (-0.2, 0.2), Range(-1, 1), "added, as a fraction of 255"
    )
    contrast: tuple[float, float] = parameter(
        (0.8, 1.2), Range(0, 4), "a factor of the distance from mid-grey, 127.5"
    )

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        brightness, contrast = uniform(random, *self.brightness), uniform(random, *self.contrast)
        return picture.with_image(brightness_contrast(picture.image, brightness, contrast))


def brightness_contrast(image: np.ndarray, brightness: float, contrast: float) -> np.ndarray:
    """Each value v becomes 127.5 + contrast * (v - 127.5) + 255 * brightness."""
    return cv2.LUT(image, _table(_MIDDLE + contrast * (_LEVELS - _MIDDLE) + 255 * brightness))


@dataclass(frozen=True, kw_only=True)
class ColourJitter(Transform):
    """Change hue, saturation and value."""

    name: ClassVar[str] = "colour_jitter"

    hue: tuple[float, float] = parameter(
        (-0.05, 0.05), Range(-0.5, 0.5), "added, as a fraction of a full turn"
    )
    saturation: tuple[float, float] = parameter((0.7, 1.3), Range(0, 4), "a factor")
    value: tuple[float, float] = parameter((0.7, 1.3), Range(0, 4), "a factor")

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        drawn = (uniform(random, *bounds) for bounds in (self.hue, self.saturation, self.value))
        return picture.with_image(colour_jitter(picture.image, *drawn))


def colour_jitter(image: np.ndarray, hue: float, saturation: float, value: float) -> np.ndarray:
    """Turn the hue by `hue` of a full turn; multiply saturation and value, up to their largest.

    All three have 256 levels.
    """
    planes = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL))
    tables = (
        ((_LEVELS + round(256 * hue)) % 256).astype(np.uint8),
        _table(_LEVELS * saturation),
        _table(_LEVELS * value),
    )
    changed = [cv2.LUT(plane, table) for plane, table in zip(planes, tables, strict=True)]
    return cv2.cvtColor(cv2.merge(changed), cv2.COLOR_HSV2BGR_FULL)


@dataclass(frozen=True, kw_only=True)
class RgbShift(Transform):
    """Add a number to each of red, green and blue."""

    name: ClassVar[str] = "rgb_shift"

    red: tuple[float, float] = parameter((-20.0, 20.0), Range(-255, 255), "levels of 255, added")
    green: tuple[float, float] = parameter((-20.0, 20.0), Range(-255, 255), "the same")
    blue: tuple[float, float] = parameter((-20.0, 20.0), Range(-255, 255), "the same")

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        drawn = (uniform(random, *bounds) for bounds in (self.red, self.green, self.blue))
        return picture.with_image(rgb_shift(picture.image, *drawn))


def rgb_shift(image: np.ndarray, red: float, green: float, blue: float) -> np.ndarray:
    """Add levels to the channels of a BGR image."""
    tables = [_table(_LEVELS + shift) for shift in (blue, green, red)]
    return cv2.LUT(image, np.stack(tables, 1)[None])


@dataclass(frozen=True, kw_only=True)
class ToGrey(Transform):
    """Remove the colours."""

    name: ClassVar[str] = "to_grey"

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        return picture.with_image(to_grey(picture.image))


def to_grey(image: np.ndarray) -> np.ndarray:
    """Each channel becomes 0.299 red + 0.587 green + 0.114 blue."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


@dataclass(frozen=True, kw_only=True)
class Clahe(Transform):
    """Equalise the lightness in each part of the picture, with a limit to its contrast."""

    name: ClassVar[str] = "clahe"

    clip_limit: tuple[float, float] = parameter(
        (1.0, 4.0), Range(0.1, 100), "the largest count of a level, as a factor of the mean count"
    )
    tiles: int = parameter(8, WholeNumber(1, 64), "parts along each side")

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        limit = uniform(random, *self.clip_limit)
        return picture.with_image(clahe(picture.image, limit, self.tiles))


def clahe(image: np.ndarray, clip_limit: float, tiles: int) -> np.ndarray:
    """Apply OpenCV's CLAHE to the lightness of CIE Lab; the two others stay."""
    lightness, *rest = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2LAB))
    equalised = cv2.createCLAHE(clip_limit, (tiles, tiles)).apply(lightness)
    return cv2.cvtColor(cv2.merge((equalised, *rest)), cv2.COLOR_LAB2BGR)


@dataclass(frozen=True, kw_only=True)
class Posterize(Transform):
    """Keep the upper bits of each value alone."""

    name: ClassVar[str] = "posterize"

    bits: tuple[int, int] = parameter((4, 6), WholeRange(1, 8), "how many of the 8")

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        return picture.with_image(posterize(picture.image, uniform_integer(random, *self.bits)))


def posterize(image: np.ndarray, bits: int) -> np.ndarray:
    """Set all but the upper `bits` bits of each value to 0."""
    return image & np.uint8(256 - (1 << (8 - bits)))


def _table(levels: np.ndarray) -> np.ndarray:
    """The new levels as bytes: rounded, and clipped to 0-255."""
    return np.rint(levels).clip(0, 255).astype(np.uint8)
