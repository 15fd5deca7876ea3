"""A picture that shapes are painted on, with the boxes of what is labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np

from tools.drawn.classes import CLASSES, DIGITS
from tools.scenes.shapes import Shape

CHARACTER_CLASSES = dict(zip("0123456789+", (*DIGITS, "plus"), strict=True))

_OVERSAMPLING = 4
_FRACTION_BITS = 6

Paint = Sequence[float] | np.ndarray


class Canvas:
    """A picture [height, width, 3] of BGR values 0-255 in float32, and labelled boxes.

    Shapes are in pixels. A paint is one colour (blue, green, red), or a picture of the same size.
    """

    def __init__(self, width: int, height: int, paint: Paint = (0, 0, 0)) -> None:
        self.width = width
        self.height = height
        self.picture = np.empty((height, width, 3), np.float32)
        self.picture[:] = paint
        self._boxes: list[list[float]] = []

    def coverage(self, shape: Shape, blur: float = 0) -> tuple[tuple[slice, slice], np.ndarray]:
        """Return the region around a shape, and how much of each of its pixels is covered.

        The coverage [rows, columns, 1] is 0-1, blurred with the standard deviation `blur`.
        """
        margin = 3 * blur + 2
        left, top, right, bottom = shape.box() + margin * np.array((-1, -1, 1, 1))
        columns = slice(*np.clip((int(left), int(right) + 1), 0, self.width))
        rows = slice(*np.clip((int(top), int(bottom) + 1), 0, self.height))
        size = (columns.stop - columns.start, rows.stop - rows.start)
        if 0 in size:
            return (rows, columns), np.zeros((size[1], size[0], 1), np.float32)
        mask = np.zeros((size[1] * _OVERSAMPLING, size[0] * _OVERSAMPLING), np.uint8)
        scale = _OVERSAMPLING * 2**_FRACTION_BITS
        for part in shape.parts:
            fixed = [
                ((contour - (columns.start, rows.start)) * scale - scale // (2 * _OVERSAMPLING))
                .round()
                .astype(np.int32)
                for contour in part
            ]
            cv2.fillPoly(mask, fixed, 255, cv2.LINE_8, _FRACTION_BITS)
        covered = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        if blur:
            covered = cv2.GaussianBlur(covered, (0, 0), blur)
        return (rows, columns), covered[..., None]

    def fill(
        self,
        shape: Shape,
        paint: Paint,
        opacity: float | np.ndarray = 1.0,
        blur: float = 0,
    ) -> None:
        """Paint a shape; `opacity` is a number or a map [height, width] of 0-1."""
        region, covered = self.coverage(shape, blur)
        if isinstance(opacity, np.ndarray):
            covered = covered * opacity[region][..., None]
        else:
            covered = covered * opacity
        color = np.asarray(paint, np.float32)
        if color.ndim == 3:
            color = color[region]
        self.picture[region] += covered * (color - self.picture[region])

    def shade(self, shape: Shape, strength: float, blur: float = 0) -> None:
        """Darken what lies under a shape, as its shadow does; a negative strength lights it up."""
        region, covered = self.coverage(shape, blur)
        self.picture[region] *= 1 - strength * covered

    def glow(self, shape: Shape, color: Sequence[float], blur: float) -> None:
        """Add the light of a shape of this colour."""
        region, covered = self.coverage(shape, blur)
        self.picture[region] += covered * np.array(color, np.float32)

    def bevel(self, shape: Shape, strength: float, width: float) -> None:
        """Light the upper left edges of a shape, and darken the lower right ones."""
        region, covered = self.coverage(shape)
        mask = covered[..., 0]
        shift = np.array([[1, 0, width], [0, 1, width]], np.float32)
        size = mask.shape[::-1]
        upper = cv2.warpAffine(mask, shift, size)
        lower = cv2.warpAffine(mask, shift, size, flags=cv2.WARP_INVERSE_MAP)
        self.picture[region] *= 1 + strength * (mask * (lower - upper))[..., None]

    @contextmanager
    def inside(self, shape: Shape) -> Iterator[None]:
        """Keep what is painted in this block inside a shape."""
        before = self.picture.copy()
        yield
        region, covered = self.coverage(shape)
        painted = self.picture[region].copy()
        self.picture = before
        self.picture[region] += covered * (painted - self.picture[region])

    def label(self, name: str, shape: Shape) -> None:
        """Record an object of the class `name` with the outline of `shape`."""
        left, top, right, bottom = shape.box()
        self._boxes.append(
            [
                CLASSES.index(name),
                max(left / self.width, 0),
                max(top / self.height, 0),
                min(right / self.width, 1),
                min(bottom / self.height, 1),
            ]
        )

    def paint(self, name: str, shape: Shape, paint: Paint) -> None:
        """Fill a shape and label it with the class `name`."""
        self.fill(shape, paint)
        self.label(name, shape)

    def finish(
        self, seed: int, noise: float = 2.5, blur: float = 0.5, vignette: float = 0.2
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the picture as a camera takes it, uint8, and the boxes.

        `noise` and `blur` are standard deviations in levels and pixels; `vignette` is the part of
        the light that the corners lose. The boxes [K, 5] are class, left, top, right, bottom, in
        0-1 of the picture.
        """
        y = np.linspace(-1, 1, self.height, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, self.width, dtype=np.float32)
        light = 1 - vignette * (x**2 + y**2) / 2
        picture = cv2.GaussianBlur(self.picture, (0, 0), blur) * light[..., None]
        random = np.random.RandomState(seed)
        grain = random.standard_normal((self.height, self.width, 1)).astype(np.float32)
        picture = np.clip(np.rint(picture + noise * grain), 0, 255).astype(np.uint8)
        return picture, np.array(self._boxes, np.float64).reshape(-1, 5)
