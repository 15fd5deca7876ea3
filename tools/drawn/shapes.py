"""Outlines of the shapes and symbols, each in several variants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.drawn.outline import Outline, arc, polygon

Random = np.random.RandomState


def circle(_: Random) -> Outline:
    """Return a circle."""
    return polygon(arc((0, 0), (1, 1), 0, 360), skew=0.6)


def square(_: Random) -> Outline:
    """Return a square."""
    return polygon([(0, 0), (1, 0), (1, 1), (0, 1)], skew=0.6)


def triangle(random: Random) -> Outline:
    """Return an equilateral, isosceles, right or any triangle that is not too flat."""
    kind = random.randint(4)
    if kind == 0:
        return polygon([(0, 0), (1, 0), (0.5, -np.sqrt(0.75))])
    if kind == 1:
        return polygon([(0, 0), (1, 0), (0.5, -random.uniform(0.65, 1.3))], skew=0.6)
    if kind == 2:
        return polygon([(0, 0), (1, 0), (0, -random.uniform(0.7, 1.3))], skew=0.5)
    return polygon([(0, 0), (1, 0), (random.uniform(0.1, 0.9), -random.uniform(0.7, 1.1))], 0.4)


def star(random: Random) -> Outline:
    """Return a star of four to eight points, most often five."""
    points = int(random.choice([5, 5, 5, 5, 6, 6, 4, 7, 8]))
    deepest, flattest = {4: (0.25, 0.4), 5: (0.3, 0.55), 6: (0.35, 0.6)}.get(points, (0.45, 0.7))
    radii = np.tile([1, random.uniform(deepest, flattest)], points)
    angles = np.arange(2 * points) * np.pi / points - np.pi / 2
    return polygon(np.stack((np.cos(angles), np.sin(angles)), 1) * radii[:, None])


def heart(random: Random) -> Outline:
    """Return a heart: the well-known curve, or two half circles above a tip."""
    if random.randint(2):
        t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        return polygon(np.stack((16 * np.sin(t) ** 3, -y * random.uniform(0.9, 1.15)), 1))
    lobe, depth = random.uniform(0.5, 0.6), random.uniform(1.1, 1.5)
    right = arc((0.5, 0), (0.5, lobe), 180, 375)
    side = np.array([[0.0, depth]]) + np.array([[random.uniform(0.0, 0.06), 0]])
    left = right[::-1] * (-1, 1)
    return polygon(np.concatenate((right, side, side * (-1, 1), left)))


def plus(random: Random) -> Outline:
    """Return a plus with thin or thick arms, as a polygon or as two strokes."""
    if random.randint(4) == 0:
        width = random.uniform(0.1, 0.32)
        return Outline((np.array([[0.5, 0], [0.5, 1]]), np.array([[0, 0.5], [1, 0.5]])), width)
    arm = random.uniform(0.07, 0.19)
    corner = [(arm, -0.5), (arm, -arm), (0.5, -arm)]
    turned = [np.array(corner) @ np.array(m) for m in _QUARTER_TURNS]
    return polygon(np.concatenate(turned), skew=0.7)


_QUARTER_TURNS = (
    ((1, 0), (0, 1)),
    ((0, 1), (-1, 0)),
    ((-1, 0), (0, -1)),
    ((0, -1), (1, 0)),
)


def arrow(random: Random) -> Outline:
    """Return an arrow to the right: a block, a thin one, one with a notch, or one of strokes."""
    kind = random.randint(4)
    if kind == 0:
        reach, spread = random.uniform(0.25, 0.5), random.uniform(0.25, 0.42)
        head = [(1 - reach, -spread), (1, 0), (1 - reach, spread)]
        shaft = np.array([(0, 0), (1, 0)], np.float64)
        return Outline((shaft, np.array(head)), random.uniform(0.07, 0.16))
    if kind == 1:
        half, spread, reach = random.uniform(0.03, 0.07), random.uniform(0.16, 0.28), 0.32
    else:
        half, spread = random.uniform(0.08, 0.17), random.uniform(0.28, 0.48)
        reach = random.uniform(0.3, 0.55)
    barb = random.uniform(0, 0.12) if random.randint(3) == 0 else 0
    notch = random.uniform(0.05, 0.15) if kind == 2 else 0
    neck = 1 - reach
    upper = [(0, -half), (neck, -half), (neck - barb, -spread), (1, 0)]
    lower = [(x, -y) for x, y in upper[-2::-1]]
    return polygon([*upper, *lower, (notch, 0)])


def moon(random: Random) -> Outline:
    """Return a crescent, from a thin one to nearly half a disc."""
    radius = random.uniform(0.75, 1.1)
    # Where both circles meet, at the height of the horns.
    distance = random.uniform(max(0.35, radius - 0.6), 0.75)
    x = (1 + distance**2 - radius**2) / (2 * distance)
    outer = np.rad2deg(np.arccos(x))
    inner = np.rad2deg(np.arctan2(np.sqrt(1 - x**2), x - distance))
    back = arc((0, 0), (1, 1), outer, 360 - outer)
    front = arc((distance, 0), (radius, radius), 360 - inner, inner)
    return polygon(np.concatenate((back, front[1:-1])), skew=0.7)


OUTLINES: dict[str, Callable[[Random], Outline]] = {
    outline.__name__: outline
    for outline in (circle, square, triangle, star, heart, plus, arrow, moon)
}
