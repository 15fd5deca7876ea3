"""What is drawn: polygons or strokes of about unit size, and their affine maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Outline:
    """Polygons or strokes; x points right and y down.

    Attributes:
        parts: arrays [N, 2]. Without `stroke` they are closed polygons, filled by the even-odd
            rule; with it they are open lines.
        stroke: the width of the lines in the units of the parts; 0 for polygons.
        skew: how far it may be sheared and stretched, from 0 to 1, and stay what it is.
    """

    parts: tuple[np.ndarray, ...]
    stroke: float = 0.0
    skew: float = 1.0

    def centred(self) -> Outline:
        """Return it with the middle of its bounds at 0 and the longer side of them 1."""
        bounds = self.bounds()
        scale = 1 / self.size()
        middle = (bounds[:2] + bounds[2:]) / 2
        parts = tuple((part - middle) * scale for part in self.parts)
        return replace(self, parts=parts, stroke=self.stroke * scale)

    def bounds(self) -> np.ndarray:
        """Return left, top, right, bottom [4] of the points, without the width of strokes."""
        points = np.concatenate(self.parts)
        return np.concatenate((points.min(0), points.max(0)))

    def size(self) -> float:
        """Return the longer side of the bounds."""
        left, top, right, bottom = self.bounds()
        return float(max(right - left, bottom - top))

    def scaled(self, scale: float) -> Outline:
        """Return it scaled around the mean of its points, which lies inside of most shapes."""
        middle = np.concatenate(self.parts).mean(0)
        return self.mapped(np.eye(2) * scale, middle * (1 - scale))

    def mapped(self, matrix: np.ndarray, offset: Sequence[float] = (0, 0)) -> Outline:
        """Return it mapped by `matrix` [2, 2] and then moved; strokes keep their proportion."""
        scale = float(np.sqrt(abs(np.linalg.det(matrix))))
        parts = tuple(part @ matrix.T + np.asarray(offset) for part in self.parts)
        return replace(self, parts=parts, stroke=self.stroke * scale)


def polygon(points: Sequence[Sequence[float]] | np.ndarray, skew: float = 1.0) -> Outline:
    """Return the outline of one polygon."""
    return Outline((np.asarray(points, np.float64),), skew=skew).centred()


def rotation(degrees: float) -> np.ndarray:
    """Return the matrix [2, 2] that turns clockwise as one sees it, since y points down."""
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def random_skew(random: np.random.RandomState, amount: float) -> np.ndarray:
    """Return a matrix [2, 2] that stretches by 1.3 and shears by 0.25 at most, times `amount`."""
    stretch = np.exp(random.uniform(-1, 1) * np.log(1.3) / 2 * amount)
    shear = random.uniform(-0.25, 0.25) * amount
    return np.array([[stretch, 0], [0, 1 / stretch]]) @ np.array([[1, shear], [0, 1]])


def arc(centre: Sequence[float], radii: Sequence[float], start: float, end: float) -> np.ndarray:
    """Return points [N, 2] on an arc of an ellipse, from one angle in degrees to another."""
    angles = np.deg2rad(np.linspace(start, end, max(6, int(abs(end - start) / 6))))
    return np.asarray(centre) + np.stack((np.cos(angles), np.sin(angles)), 1) * np.asarray(radii)


def smooth(points: np.ndarray, steps: int = 6) -> np.ndarray:
    """Return a Catmull-Rom curve through `points` [N, 2] as points [(N - 1) * steps + 1, 2]."""
    padded = np.concatenate((points[:1], points, points[-1:]))
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = (np.arange(steps) / steps)[None, :, None]
    curve = (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    ) / 2
    return np.concatenate((curve.reshape(-1, 2), points[-1:]))
