"""A calendar sheet on a striped wall, with notes stuck next to it."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import Shape, characters, moon, polygon, rectangle, square, star, stroke
from tools.scenes.textures import clouds, mix, vertical
from tools.scenes.view import View

SIZE = (640, 480)


def _draw_wall(view: View, random: np.random.RandomState) -> Canvas:
    x = np.arange(900)
    stripes = 0.5 + 0.5 * np.tanh(6 * np.sin(x * 2 * np.pi / 60))
    wall = mix((172, 196, 196), (188, 210, 208), np.tile(stripes, (700, 1)))
    wall *= 0.94 + 0.12 * clouds(random, 700, 900, 8)[..., None]
    return Canvas(*SIZE, view.lay(wall, (-130, -110, 770, 590), SIZE))


def _draw_sheet(canvas: Canvas, view: View) -> None:
    for step in range(3):  # the months below
        page = rectangle(120, 52, 370, 420).moved(step, 3 * (2 - step))
        canvas.shade(view(page.moved(7, 9)), 0.3, 6)
        canvas.fill(view(page), (226 + 8 * step, 232 + 8 * step, 234 + 8 * step))
    canvas.fill(view(rectangle(122, 52, 372, 132)), (40, 36, 176))
    for shape in characters("MAY", "DejaVuSerif-Bold", 0.2):
        canvas.fill(view(shape.placed(247, 95, 36)), (240, 244, 246))
    for x in (160, 203, 247, 291, 334):
        canvas.fill(view(stroke([(x, 36), (x, 62)], 5)), (90, 92, 96))
        canvas.fill(view(stroke([(x - 1, 37), (x - 1, 58)], 1.5)), (220, 222, 224))
    for character, shape in zip("16", characters("16", "STIXGeneralBol", 0.1), strict=True):
        canvas.paint(CHARACTER_CLASSES[character], view(shape.placed(247, 232, 150)), (44, 38, 34))
    canvas.paint("moon", view(moon().placed(186, 370, 62, 20)), (150, 112, 70))
    for y, end in ((352, 344), (368, 330), (384, 338)):
        canvas.fill(view(stroke([(236, y), (end, y)], 3)), (170, 172, 174))
    canvas.shade(view(polygon((372, 340), (372, 420), (300, 420))), 0.12, 18)


def _draw_note(
    canvas: Canvas, view: View, outline: Shape, color: tuple[int, int, int], pin: tuple[int, int]
) -> None:
    canvas.shade(view(outline.moved(4, 8)), 0.45, 7)
    canvas.paint("square", view(outline), color)
    canvas.shade(view(outline), -0.12, 20)
    canvas.fill(
        view(stroke([(pin[0] - 16, pin[1] + 4), (pin[0] + 16, pin[1] - 5)], 13)),
        (210, 222, 224),
        0.7,
    )


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(2)
    view = View((320, 240), turn=12, tilt=-5, roll=2, distance=900)
    canvas = _draw_wall(view, random)
    _draw_sheet(canvas, view)
    _draw_note(canvas, view, square().placed(486, 142, 118, 5), (92, 214, 244), (487, 86))
    canvas.paint("star", view(star(0.45).placed(488, 146, 74, -8)), (58, 60, 200))
    _draw_note(canvas, view, square().placed(500, 318, 118, -6), (186, 214, 146), (496, 260))
    (digit,) = characters("5", "STIXGeneralItalic")
    canvas.paint("five", view(digit.placed(500, 322, 74, -6)), (110, 52, 30))
    canvas.picture *= vertical(480, 640, [(0, (1.0, 1.03, 1.05)), (1, (0.86, 0.84, 0.83))])
    return canvas.finish(seed=2)
