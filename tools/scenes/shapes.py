"""Outlines of symbols, digits, letters and strokes, as polygons.

x points right and y down. Symbols are about 1 wide or high, and lie around (0, 0). They are not
those of `tools.drawn.shapes`, so that the scenes test more than what was memorised.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tools.drawn import digits
from tools.drawn.outline import arc, smooth

_QUARTER_TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])  # clockwise on the picture


@dataclass(frozen=True)
class Shape:
    """A plane figure: the union of its parts.

    A part is a tuple of closed contours [N, 2], filled by the even-odd rule, so that a contour
    inside another one is a hole.
    """

    parts: tuple[tuple[np.ndarray, ...], ...]

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> Shape:
        """Return the shape with `function`, of points [N, 2], applied to every contour."""
        return Shape(tuple(tuple(function(contour) for contour in part) for part in self.parts))

    def placed(self, x: float, y: float, size: float, degrees: float = 0) -> Shape:
        """Return the shape scaled by `size`, turned clockwise and moved to (x, y)."""
        angle = np.radians(degrees)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        return self.mapped(lambda points: size * points @ turn + (x, y))

    def moved(self, x: float, y: float) -> Shape:
        """Return the shape moved by (x, y)."""
        return self.mapped(lambda points: points + np.array((x, y)))

    def stretched(self, x: float, y: float) -> Shape:
        """Return the shape scaled by `x` and `y` about (0, 0)."""
        return self.mapped(lambda points: points * (x, y))

    def subdivided(self, length: float) -> Shape:
        """Return the shape with edges no longer than `length`, to be bent."""
        return self.mapped(lambda points: _subdivide(points, length))

    def box(self) -> np.ndarray:
        """Return left, top, right, bottom."""
        points = np.concatenate([contour for part in self.parts for contour in part])
        return np.concatenate((points.min(axis=0), points.max(axis=0)))

    def __add__(self, other: Shape) -> Shape:
        return Shape(self.parts + other.parts)


def _subdivide(points: np.ndarray, length: float) -> np.ndarray:
    ends = np.roll(points, -1, axis=0)
    steps = np.ceil(np.linalg.norm(ends - points, axis=1) / length).astype(int).clip(1)
    pieces = [
        start + (end - start) * np.arange(count)[:, None] / count
        for start, end, count in zip(points, ends, steps, strict=True)
    ]
    return np.concatenate(pieces)


def polygon(*points: Sequence[float]) -> Shape:
    """Return the polygon with these corners (x, y)."""
    return Shape(((np.array(points, float),),))


def rectangle(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Shape:
    """Return a rectangle whose corners are rounded by `radius`."""
    if not radius:
        return polygon((left, top), (right, top), (right, bottom), (left, bottom))
    corner = arc((0, 0), (radius, radius), 0, 90)
    centres = (
        (right - radius, bottom - radius),
        (left + radius, bottom - radius),
        (left + radius, top + radius),
        (right - radius, top + radius),
    )
    arcs = [
        corner @ np.linalg.matrix_power(_QUARTER_TURN, i) + centre
        for i, centre in enumerate(centres)
    ]
    return Shape(((np.concatenate(arcs),),))


def circle() -> Shape:
    """Return a circle of diameter 1."""
    angles = np.arange(72) * np.pi / 36
    return polygon(*np.stack((np.cos(angles), np.sin(angles)), axis=1) / 2)


def ring(hole: float) -> Shape:
    """Return a circle of diameter 1 with a round hole of diameter `hole`."""
    (outer,) = circle().parts[0]
    return Shape(((outer, outer * hole),))


def square() -> Shape:
    """Return a square of side 1."""
    return rectangle(-0.5, -0.5, 0.5, 0.5)


def triangle() -> Shape:
    """Return an equilateral triangle of side 1 that points up."""
    return polygon((0, -0.5), (0.5, 0.366), (-0.5, 0.366))


def star(inner: float = 0.42) -> Shape:
    """Return a star of five points, of radius .5 at the points and `inner` / 2 between them."""
    angles = np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2, inner / 2, 0.5)[:, None]
    return Shape(((radii * np.stack((np.sin(angles), -np.cos(angles)), axis=1),),))


def heart() -> Shape:
    """Return a heart of width 1, as on playing cards."""
    right = [(0, -0.22), (0.08, -0.36), (0.24, -0.45), (0.42, -0.38), (0.5, -0.18)]
    side = smooth(np.array([*right, (0.42, 0.05), (0.22, 0.28), (0, 0.5)]))
    return polygon(*side, *(side[-2:0:-1] * (-1, 1)))


def plus(width: float = 0.34) -> Shape:
    """Return a plus sign whose bars are `width` wide."""
    w = width / 2
    quarter = np.array([(-w, -w), (-w, -0.5), (w, -0.5)])
    return Shape(
        (
            (
                np.concatenate(
                    [quarter @ np.linalg.matrix_power(_QUARTER_TURN, i) for i in range(4)]
                ),
            ),
        )
    )


def arrow(shaft: float = 0.28, head: float = 0.45, width: float = 0.76) -> Shape:
    """Return an arrow to the right, with a head of length `head` and width `width`."""
    neck = 0.5 - head
    upper = [(-0.5, -shaft / 2), (neck, -shaft / 2), (neck, -width / 2), (0.5, 0)]
    lower = [(x, -y) for x, y in upper[-2::-1]]
    return polygon(*upper, *lower)


def moon(horn: float = 40, shift: float = 0.36) -> Shape:
    """Return a crescent of a disc of diameter 1 that opens to the right.

    Its horns lie at `horn` degrees, and the circle inside has its centre at `shift` / 2.
    """
    x, y = np.cos(np.radians(horn)) - shift, np.sin(np.radians(horn))
    radius, inner = np.hypot(x, y), np.degrees(np.arctan2(y, x))
    outside = arc((0, 0), (1, 1), horn, 360 - horn)
    inside = arc((shift, 0), (radius, radius), 360 - inner, inner)
    return polygon(*outside / 2, *inside[1:-1] / 2)


def stroke(points: Sequence[Sequence[float]], width: float) -> Shape:
    """Return the line through `points` as a pen of `width` draws it, with round ends."""
    path = np.array(points, float)
    disc = circle()
    parts = [disc.placed(x, y, width).parts[0] for x, y in path]
    for start, end in itertools.pairwise(path):
        along = (end - start) / max(np.linalg.norm(end - start), 1e-9)
        across = np.array([-along[1], along[0]]) * width / 2
        parts.append((np.stack((start + across, end + across, end - across, start - across)),))
    return Shape(tuple(parts))


def curve(points: Sequence[Sequence[float]], steps: int = 6) -> np.ndarray:
    """Return a smooth line [N, 2] through `points`."""
    return smooth(np.array(points, np.float64), steps)


def characters(text: str, font: str = "DejaVuSans-Bold", gap: float = 0.12) -> list[Shape]:
    """Return the digits and capital letters of a line, each 1 high, `gap` apart, around (0, 0).

    A space is .4 wide. `font` is one of `tools.drawn.digits.FONTS`.
    """
    right = 0.0
    shapes = []
    for character in text:
        if character == " ":
            right += 0.4
            continue
        glyph = Shape((digits.glyph(character, font).parts,))
        left, top, far, bottom = glyph.box() / np.ptp(glyph.box()[1::2])
        shapes.append(
            glyph.placed(right - left, -(top + bottom) / 2, 1 / np.ptp(glyph.box()[1::2]))
        )
        right += far - left + gap
    return [shape.moved((gap - right) / 2, 0) for shape in shapes]
