"""A blackboard with a sum and figures in chalk."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import Shape, curve, rectangle, stroke
from tools.scenes.textures import clouds, noise, vertical, wood
from tools.scenes.view import View

SIZE = (640, 480)

# The lines of a hand, in a box 1 high.
_EIGHT = (
    *((0.5, 0.1), (0.28, 0), (0.1, 0.18), (0.3, 0.46), (0.56, 0.74), (0.32, 1)),
    *((0.06, 0.8), (0.3, 0.48), (0.54, 0.24), (0.5, 0.1)),
)
HANDWRITING = {
    "3": (
        curve([(0.08, 0.12), (0.3, 0), (0.52, 0.14), (0.46, 0.36), (0.24, 0.46)]),
        curve([(0.24, 0.46), (0.52, 0.54), (0.58, 0.8), (0.34, 1), (0.04, 0.9)]),
    ),
    "5": (
        np.array([(0.14, 0.03), (0.58, 0)]),
        curve([(0.14, 0.03), (0.1, 0.46), (0.36, 0.42), (0.58, 0.66), (0.42, 0.95), (0.06, 0.94)]),
    ),
    "8": (curve(_EIGHT),),
    "+": (np.array([(0.0, 0.52), (0.6, 0.5)]), np.array([(0.3, 0.2), (0.32, 0.82)])),
    "=": (np.array([(0.0, 0.4), (0.56, 0.38)]), np.array([(0.02, 0.64), (0.58, 0.63)])),
}
CHALK = (226, 234, 232)


def _stroke_lines(lines: list[np.ndarray], width: float) -> Shape:
    return Shape(tuple(part for line in lines for part in stroke(line, width).parts))


def _draw_board(canvas: Canvas, view: View, random: np.random.RandomState) -> None:
    beam = wood(random, 560, 760, (40, 84, 128), (84, 140, 188), rings=14)
    frame = view(rectangle(30, 26, 610, 424))
    canvas.shade(view(rectangle(36, 36, 620, 440)), 0.5, 10)
    canvas.fill(frame, view.lay(beam, (-60, -40, 700, 520), SIZE))
    canvas.bevel(frame, 0.6, 2)
    slate = view(rectangle(50, 46, 590, 404))
    canvas.fill(slate, (62, 70, 46))
    wiped = clouds(random, 480, 640, 3) * 0.5 + 0.5 * noise(random, 480, 640, 5, 40)
    canvas.fill(slate, (150, 158, 148), (wiped - 0.25).clip(0, 1) * 0.42)
    canvas.shade(view(rectangle(50, 46, 590, 56)), 0.4, 4)
    canvas.shade(view(rectangle(40, 446, 604, 470)), 0.5, 6)
    shelf = view(rectangle(34, 424, 606, 446))
    canvas.fill(shelf, (92, 150, 196))
    canvas.bevel(shelf, 0.7, 2)
    for left, color in ((120, CHALK), (182, (150, 200, 244)), (400, (236, 214, 160))):
        stick = stroke([(left, 426), (left + 40, 427)], 9)
        canvas.shade(view(stick.moved(3, 6)), 0.5, 2)
        canvas.fill(view(stick), color)


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(3)
    view = View((320, 236), turn=-9, tilt=3, distance=1100)
    canvas = Canvas(*SIZE, vertical(480, 640, [(0, (176, 196, 204)), (1, (132, 152, 164))]))
    _draw_board(canvas, view, random)
    grain = noise(random, 480, 640, 330, 440) + 0.5 * clouds(random, 480, 640, 12)
    dust = 0.45 + 0.5 * np.tanh(5 * (grain - 0.6))

    def chalk(lines: list[np.ndarray], name: str | None, color: tuple[int, ...] = CHALK) -> None:
        line = view(_stroke_lines(lines, 9))
        canvas.fill(line, color, 0.12, blur=4)
        canvas.fill(line, color, dust)
        if name:
            canvas.label(name, line)

    for i, character in enumerate("3+5=8"):
        place = np.array((84 + 96 * i, 84 + 5 * (i % 2)))
        lines = [place + 112 * line for line in HANDWRITING[character]]
        chalk(lines, CHARACTER_CLASSES.get(character))
    chalk([np.array([(150, 246), (226, 368), (82, 372), (150, 246)])], "triangle", (150, 206, 246))
    angles = np.linspace(-1.6, 4.8, 60)
    radius = 58 + 2 * np.sin(3 * angles)
    loop = np.stack((314 + radius * np.cos(angles), 312 + radius * np.sin(angles)), 1)
    chalk([loop], "circle", (196, 230, 170))
    chalk([np.array([(432, 258), (543, 254), (546, 366), (434, 368), (432, 258)])], "square")
    return canvas.finish(seed=3)
