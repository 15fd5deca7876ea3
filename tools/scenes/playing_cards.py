"""Playing cards of hearts on green felt, with two chips."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import Shape, characters, circle, heart, rectangle, ring
from tools.scenes.solids import draw_shadow, draw_sides
from tools.scenes.textures import clouds, noise
from tools.scenes.view import View

SIZE = (640, 480)
RED = (36, 30, 186)
CARDS = (  # digit, centre, degrees
    ("9", (120, 236), -15),
    ("6", (320, 204), 2),
    ("4", (522, 232), 15),
)


def _draw_felt(view: View, random: np.random.RandomState) -> Canvas:
    fibre = noise(random, 900, 1200, 450, 600) + clouds(random, 900, 1200, 6)
    felt = np.array((62, 104, 26), np.float32) * (0.7 + 0.3 * fibre[..., None])
    return Canvas(*SIZE, view.lay(felt, (-280, -260, 920, 640), SIZE))


def _draw_card(
    canvas: Canvas, view: View, digit: str, place: tuple[int, int], degrees: float
) -> None:
    def on_card(shape: Shape) -> Shape:
        return view(shape.placed(*place, 1.16, degrees))

    outline = rectangle(-76, -108, 76, 108, 11)
    canvas.shade(on_card(outline.moved(3, 5)), 0.5, 5)
    canvas.fill(on_card(outline), (190, 198, 204))
    canvas.fill(on_card(rectangle(-75, -107, 75, 107, 10)), (238, 244, 246))
    canvas.shade(on_card(rectangle(-40, 20, 76, 108, 10)), 0.1, 24)
    canvas.paint("heart", on_card(heart().placed(6, 20, 92)), RED)
    (character,) = characters(digit, "DejaVuSerif-Bold")
    canvas.paint(CHARACTER_CLASSES[digit], on_card(character.placed(-44, -70, 50)), RED)


def _draw_chip(
    canvas: Canvas, view: View, x: float, y: float, color: tuple[int, int, int]
) -> None:
    disc = circle().placed(x, y, 96)
    draw_shadow(canvas, view, disc, 10)
    draw_sides(canvas, view, disc, 10, color)
    face = view(disc, 10)
    canvas.paint("circle", face, color)
    angles = np.arange(6) * 60
    for angle in angles:
        mark = rectangle(36, -7, 48, 7).placed(x, y, 1, angle)
        canvas.fill(view(mark, 10), (232, 236, 238))
    canvas.fill(view(ring(0.9).placed(x, y, 66), 10), (232, 236, 238))
    canvas.bevel(face, 0.4, 1.5)


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(6)
    view = View((320, 244), target=(320, 268), tilt=30, distance=940, roll=-2)
    canvas = _draw_felt(view, random)
    for card in CARDS:
        _draw_card(canvas, view, *card)
    _draw_chip(canvas, view, 196, 430, (150, 70, 34))
    _draw_chip(canvas, view, 416, 434, (48, 44, 176))
    lamp = circle().placed(300, 200, 480)
    canvas.picture *= 0.82
    canvas.shade(lamp, -0.3, 90)
    return canvas.finish(seed=6, vignette=0.4)
