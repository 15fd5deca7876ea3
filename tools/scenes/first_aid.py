"""A corridor with a clock, a first-aid box and the sign of the emergency exit."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import (
    Shape,
    arrow,
    characters,
    circle,
    plus,
    polygon,
    rectangle,
    stroke,
)
from tools.scenes.solids import sweep
from tools.scenes.textures import clouds, vertical
from tools.scenes.view import View

SIZE = (640, 480)


def _draw_wall(view: View, random: np.random.RandomState) -> Canvas:
    wall = np.empty((700, 900, 3), np.float32)
    wall[:] = (206, 214, 214)
    wall[470:] = (150, 160, 128)
    wall[462:470] = (110, 120, 96)
    wall *= 0.93 + 0.14 * clouds(random, 700, 900, 5)[..., None]
    return Canvas(*SIZE, view.lay(wall, (-130, -110, 770, 590), SIZE))


def _draw_clock(canvas: Canvas, view: View) -> None:
    def on_clock(shape: Shape) -> Shape:
        return view(shape.moved(154, 142))

    rim = circle().placed(0, 0, 212)
    canvas.shade(on_clock(rim.moved(9, 13)), 0.5, 10)
    canvas.paint("circle", on_clock(rim), (60, 56, 54))
    canvas.bevel(on_clock(rim), 0.9, 2)
    canvas.fill(on_clock(circle().placed(0, 0, 190)), (240, 244, 244))
    for hour in range(12):
        angle = np.radians(hour * 30)
        along = np.array((np.sin(angle), -np.cos(angle)))
        canvas.fill(on_clock(stroke([84 * along, 90 * along], 4)), (50, 46, 44))
    for text, x, y in (("12", 0, -56), ("3", 60, 0), ("6", 0, 57), ("9", -60, 0)):
        for character, shape in zip(text, characters(text, "DejaVuSans", 0.14), strict=True):
            canvas.paint(
                CHARACTER_CLASSES[character], on_clock(shape.placed(x, y, 42)), (40, 36, 34)
            )
    for length, degrees, width in ((36, 305, 7), (46, 50, 5)):
        angle = np.radians(degrees)
        end = length * np.array((np.sin(angle), -np.cos(angle)))
        hand = stroke([-0.2 * end, end], width)
        canvas.shade(on_clock(hand.moved(3, 4)), 0.3, 2)
        canvas.fill(on_clock(hand), (36, 34, 32))


def _draw_box(canvas: Canvas, view: View) -> None:
    front = rectangle(378, 196, 572, 346, 10)
    canvas.shade(view(front.moved(16, 20)), 0.5, 12)
    canvas.fill(sweep(front, view, 46), (34, 30, 128))
    face = view(front, 46)
    canvas.fill(face, (48, 42, 196))
    canvas.bevel(face, 0.5, 2)
    canvas.paint("plus", view(plus(0.36).placed(475, 268, 104), 46), (242, 244, 244))
    for x in (418, 532):
        latch = rectangle(x - 9, 334, x + 9, 352, 3)
        canvas.fill(view(latch, 47), (176, 180, 182))
        canvas.bevel(view(latch, 47), 0.7, 1.5)
    canvas.shade(view(rectangle(378, 196, 572, 222, 8), 46), -0.18, 9)


def _draw_exit_sign(canvas: Canvas, view: View) -> None:
    board = rectangle(346, 66, 596, 148, 5)
    canvas.shade(view(board.moved(5, 8)), 0.4, 6)
    canvas.fill(view(board), (96, 138, 20))
    canvas.glow(view(rectangle(352, 72, 500, 120)), (26, 30, 12), 22)
    white = (238, 244, 240)
    canvas.paint("arrow", view(arrow(0.24, 0.44, 0.74).placed(424, 107, 98, 180)), white)
    canvas.fill(view(rectangle(526, 78, 572, 138)), white)
    canvas.fill(view(polygon((532, 84), (558, 92), (558, 144), (532, 134))), (80, 120, 18))


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    view = View((320, 240), turn=-20, tilt=3, distance=1000)
    canvas = _draw_wall(view, np.random.RandomState(10))
    _draw_clock(canvas, view)
    _draw_exit_sign(canvas, view)
    _draw_box(canvas, view)
    canvas.picture *= vertical(480, 640, [(0, (1.06, 1.06, 1.04)), (1, (0.78, 0.78, 0.8))])
    return canvas.finish(seed=10)
