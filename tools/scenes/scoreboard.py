"""A scoreboard of a sports hall with lit segments."""

from __future__ import annotations

import numpy as np

from tools.drawn import digits
from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import Shape, arrow, characters, polygon, rectangle, stroke
from tools.scenes.textures import clouds, planks, vertical
from tools.scenes.view import View

SIZE = (640, 480)


def segments(digit: int, half: float = 0.15) -> Shape:
    """Return the lit segments of a digit about 1 high, leaning as on a display."""
    parts = tuple((digits.segment(number, half, 0.04),) for number in digits.SEGMENTS[digit])
    slope = np.array([[1, 0], [-0.1, 1]])
    return Shape(parts).mapped(lambda points: (points - (0.5, 1)) * (0.45, 0.45) @ slope)


def _draw_digit(
    canvas: Canvas, view: View, digit: str, place: tuple[float, float, float], color: tuple
) -> None:
    canvas.fill(view(segments(8).placed(*place)), (30, 32, 36))
    lit = view(segments(int(digit)).placed(*place))
    canvas.glow(lit, np.array(color) * 0.5, 7)
    canvas.paint(CHARACTER_CLASSES[digit], lit, color)
    core = view(segments(int(digit), 0.05).placed(*place))
    canvas.glow(core, (60, 60, 60), 1.5)


def _draw_hall(random: np.random.RandomState) -> Canvas:
    wall = planks(random, 480, 640, (70, 92, 112), (104, 128, 148), 9)
    wall *= vertical(
        480, 640, [(0, (0.4, 0.4, 0.42)), (0.5, (0.8, 0.8, 0.8)), (1, (0.6, 0.6, 0.6))]
    )
    canvas = Canvas(*SIZE, wall)
    for x in (130, 510):
        canvas.fill(stroke([(x, -5), (x, 70)], 7), (40, 42, 44))
    return canvas


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(8)
    canvas = _draw_hall(random)
    view = View((320, 236), turn=16, tilt=14, distance=1000)
    case = rectangle(34, 50, 606, 420, 8)
    canvas.shade(view(case.moved(14, 26)), 0.7, 14)
    canvas.fill(view(case), (70, 58, 46))
    canvas.bevel(view(case), 0.8, 3)
    canvas.fill(view(rectangle(48, 64, 592, 406)), (34, 28, 22))
    canvas.picture *= 0.97 + 0.06 * clouds(random, 480, 640, 30)[..., None]
    for text, x in (("TEAM A", 168), ("TEAM B", 472)):
        for shape in characters(text, "DejaVuSans-Bold", 0.16):
            canvas.fill(view(shape.placed(x, 98, 25)), (226, 226, 222))
    red, amber, green = (60, 60, 255), (50, 180, 255), (110, 240, 120)
    for digit, x in zip("7293", (108, 208, 428, 528), strict=True):
        _draw_digit(canvas, view, digit, (x, 208, 142), red)
    for digit, x in zip("0648", (182, 256, 384, 458), strict=True):
        _draw_digit(canvas, view, digit, (x, 352, 92), amber)
    for y in (332, 372):
        canvas.fill(view(rectangle(317, y - 6, 323, y + 6)), amber)
    pointer = view(arrow(0.3, 0.5, 0.8).placed(318, 208, 76))
    canvas.glow(pointer, np.array(green) * 0.4, 8)
    canvas.paint("arrow", pointer, green)
    shine = view(polygon((60, 64), (240, 64), (120, 406), (48, 406), (48, 100)))
    canvas.glow(shine, (14, 14, 14), 6)
    return canvas.finish(seed=8, noise=3)
