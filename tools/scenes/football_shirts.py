"""Two football shirts that dry on a line in front of a lawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import (
    Shape,
    characters,
    curve,
    moon,
    polygon,
    rectangle,
    star,
    stroke,
)
from tools.scenes.textures import clouds, noise, vertical

SIZE = (640, 480)


def _cloth(x: float, y: float, degrees: float, phase: float) -> Callable[[Shape], Shape]:
    """Return how the wind bends a shirt that is hung up at (x, y)."""

    def wave(points: np.ndarray) -> np.ndarray:
        across, down = points.T
        swing = down / 300
        bent_x = across + 9 * swing * np.sin(down / 46 + phase)
        bent_y = down + 8 * swing * np.sin(across / 38 + phase)
        return np.stack((bent_x, bent_y), axis=1)

    return lambda shape: shape.subdivided(5).mapped(wave).placed(x, y, 1, degrees)


def _shirt() -> Shape:
    right = [(34, 0), (74, 14), (128, 74), (96, 106), (80, 86), (82, 268)]
    neck = curve([(-34, 0), (-20, 16), (0, 21), (20, 16), (34, 0)])
    left = [(-x, y) for x, y in right[::-1]]
    return polygon(*right, *left, *neck[1:-1])


def _draw_folds(canvas: Canvas, outline: Shape, bend: Callable[[Shape], Shape]) -> None:
    with canvas.inside(outline):
        for x, low, strength in (
            (-56, 120, 0.3),
            (-20, 190, 0.2),
            (24, 150, 0.26),
            (62, 110, 0.34),
        ):
            fold = bend(polygon((x - 3, low), (x + 5, low), (x + 15, 275), (x - 13, 275)))
            canvas.shade(fold, strength, 5)
            canvas.shade(fold.moved(-13, 0), -0.7 * strength, 6)
        canvas.shade(bend(polygon((74, 84), (88, 84), (88, 270), (70, 270))), 0.35, 7)
        canvas.shade(bend(polygon((-40, 0), (40, 0), (30, 16), (-30, 16))), 0.25, 6)


def _draw_shirt(
    canvas: Canvas,
    bend: Callable[[Shape], Shape],
    number: str,
    badge: tuple[str, Shape],
    colors: tuple[tuple[int, int, int], tuple[int, int, int]],
) -> None:
    cloth, trim = colors
    outline = bend(_shirt())
    canvas.shade(outline.moved(12, 10), 0.25, 12)
    canvas.fill(outline, cloth)
    for side in (-1, 1):
        cuff = polygon((128, 74), (96, 106), (91, 100), (122, 67)).stretched(side, 1)
        canvas.fill(bend(cuff), trim)
    canvas.fill(bend(stroke(curve([(-35, 1), (-20, 18), (0, 23), (20, 18), (35, 1)]), 6)), trim)
    labelled = [
        (CHARACTER_CLASSES[character], shape.placed(0, 170, 96))
        for character, shape in zip(number, characters(number, gap=0.1), strict=True)
    ]
    labelled.append((badge[0], badge[1].placed(0, 74, 46)))
    for name, shape in labelled:
        canvas.paint(name, bend(shape), trim)
    _draw_folds(canvas, outline, bend)
    for side in (-1, 1):
        peg = rectangle(-4, -16, 4, 14, 2).moved(44 * side, 6)
        canvas.fill(bend(peg), (120, 176, 214))


def _draw_garden(random: np.random.RandomState) -> Canvas:
    stops = [(0, (230, 190, 140)), (0.45, (240, 226, 206)), (0.6, (110, 160, 100))]
    canvas = Canvas(*SIZE, vertical(480, 640, [*stops, (1, (54, 122, 70))]))
    cloud = clouds(random, 480, 640, 3)
    canvas.fill(
        rectangle(0, 0, 640, 240), (250, 250, 250), ((cloud - 0.45) * 3).clip(0, 0.8), blur=30
    )
    hedge = 258 - 26 * noise(random, 1, 640, 1, 24)[0]
    points = [(x, hedge[min(x, 639)]) for x in range(0, 641, 4)]
    canvas.fill(polygon(*points, (640, 330), (0, 330)), (52, 92, 52), blur=5)
    canvas.picture[300:] *= 0.86 + 0.28 * noise(random, 180, 640, 90, 200)[..., None]
    return canvas


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    canvas = _draw_garden(np.random.RandomState(9))
    line = curve([(-10, 84), (170, 102), (320, 106), (470, 100), (650, 80)], 12)
    canvas.fill(stroke(line, 3), (60, 64, 70))
    blue, white, red = (150, 70, 30), (240, 240, 240), (50, 44, 190)
    _draw_shirt(canvas, _cloth(168, 100, 3, 0.4), "10", ("star", star(0.45)), (red, white))
    badge = ("moon", moon().placed(0, 0, 1, 160))
    _draw_shirt(canvas, _cloth(468, 100, -3, 2.2), "38", badge, (blue, (90, 214, 246)))
    return canvas.finish(seed=9)
