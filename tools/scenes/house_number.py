"""A front door in a brick wall, with a house number and a heart on the door."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import characters, heart, rectangle, stroke
from tools.scenes.textures import bricks, clouds, vertical, wood
from tools.scenes.view import View

SIZE = (640, 480)


def _draw_door(canvas: Canvas, view: View, random: np.random.RandomState) -> None:
    frame = rectangle(318, -40, 602, 560)
    canvas.shade(view(frame.moved(8, 4)), 0.5, 8)
    canvas.fill(view(frame), (214, 226, 230))
    leaf = wood(random, 640, 260, (58, 74, 30), (84, 104, 46), rings=30)
    canvas.fill(view(rectangle(340, -40, 580, 560)), view.lay(leaf, (330, -60, 590, 580), SIZE))
    canvas.shade(view(rectangle(340, -40, 350, 560)), 0.45, 4)
    for left in (368, 472):
        for top, bottom in ((-60, 20), (280, 540)):
            panel = view(rectangle(left, top, left + 80, bottom))
            canvas.shade(panel, 0.35, 1)
            canvas.shade(view(rectangle(left + 7, top + 7, left + 77, bottom - 3)), -0.4, 2)
    canvas.shade(view(rectangle(546, 258, 566, 330, 4).moved(4, 4)), 0.6, 3)
    canvas.fill(view(rectangle(544, 256, 562, 328, 4)), (120, 170, 190))
    canvas.shade(view(stroke([(553, 282), (515, 284)], 11).moved(4, 7)), 0.5, 3)
    canvas.fill(view(stroke([(553, 280), (515, 282)], 11)), (130, 190, 214))
    canvas.fill(view(stroke([(552, 278), (517, 279)], 3)), (220, 240, 250), blur=1)


def _draw_number(canvas: Canvas, view: View) -> None:
    plate = rectangle(78, 96, 266, 246, 16)
    canvas.shade(view(plate.moved(6, 8)), 0.6, 6)
    canvas.fill(view(plate), vertical(480, 640, [(0.1, (120, 62, 24)), (0.6, (92, 40, 12))]))
    canvas.bevel(view(plate), 0.8, 2)
    inner = rectangle(88, 106, 256, 236, 10)
    canvas.fill(view(inner), (236, 240, 240))
    canvas.fill(view(rectangle(92, 110, 252, 232, 8)), (108, 50, 16))
    for character, shape in zip("27", characters("27", "DejaVuSerif-Bold", 0.14), strict=True):
        digit = view(shape.placed(172, 171, 84))
        canvas.paint(CHARACTER_CLASSES[character], digit, (236, 242, 242))
        canvas.bevel(digit, 0.25, 1)


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(1)
    view = View((320, 240), turn=-14, tilt=4, distance=1000)
    wall = bricks(random, 760, 1000, (100, 34), 5)
    canvas = Canvas(*SIZE, view.lay(wall, (-150, -120, 850, 640), SIZE))
    _draw_door(canvas, view, random)
    _draw_number(canvas, view)
    wreath = heart().placed(460, 160, 116)
    canvas.shade(view(stroke([(460, 60), (461, 130)], 3).moved(5, 5)), 0.5, 2)
    canvas.fill(view(stroke([(460, 60), (460, 130)], 3)), (70, 60, 190))
    canvas.shade(view(wreath.moved(8, 9)), 0.6, 6)
    canvas.paint("heart", view(wreath), (44, 40, 186))
    canvas.fill(view(wreath), (20, 16, 90), 0.8 * clouds(random, 480, 640, 60))
    canvas.shade(view(heart().placed(452, 150, 70)), -0.3, 9)
    canvas.bevel(view(wreath), 0.5, 2)
    sun = vertical(480, 640, [(0, (1.05, 1.08, 1.1)), (1, (0.8, 0.76, 0.74))])
    canvas.picture *= sun
    return canvas.finish(seed=1)
