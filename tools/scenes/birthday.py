"""A birthday cake with number candles, balloons of foil and a row of pennants."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import (
    Shape,
    characters,
    circle,
    curve,
    heart,
    polygon,
    rectangle,
    star,
    stroke,
)
from tools.scenes.textures import clouds, planks, vertical
from tools.scenes.view import View

SIZE = (640, 480)


def _draw_room(random: np.random.RandomState) -> Canvas:
    canvas = Canvas(*SIZE, vertical(480, 640, [(0, (196, 206, 170)), (0.8, (216, 222, 196))]))
    canvas.picture *= 0.95 + 0.1 * clouds(random, 480, 640, 3)[..., None]
    table = View((320, 400), tilt=66, distance=900)
    boards = planks(random, 700, 1200, (60, 96, 140), (120, 164, 204), 7)
    top = table.lay(boards, (-300, 200, 940, 900), SIZE)
    canvas.fill(rectangle(-5, 372, 645, 485), top)
    canvas.shade(rectangle(-5, 364, 645, 372), 0.3, 5)
    return canvas


def _draw_pennants(canvas: Canvas) -> None:
    cord = curve([(-10, 18), (160, 46), (320, 54), (480, 46), (650, 18)], 12)
    canvas.fill(stroke(cord, 3), (90, 96, 100))
    colors = ((60, 60, 214), (80, 190, 240), (170, 120, 50), (90, 170, 80), (150, 80, 190))
    for i, color in enumerate(colors):
        x = 74 + 118 * i
        y = np.interp(x, cord[:, 0], cord[:, 1])
        slope = np.interp(x + 30, cord[:, 0], cord[:, 1]) - np.interp(
            x - 30, cord[:, 0], cord[:, 1]
        )
        pennant = polygon((-32, 0), (32, 0), (0, 66)).placed(x, y, 1, np.degrees(slope / 60))
        canvas.shade(pennant.moved(5, 7), 0.25, 5)
        canvas.paint("triangle", pennant, color)


def _draw_balloon(
    canvas: Canvas, name: str, outline: Shape, color: tuple[int, int, int], ends: list
) -> None:
    canvas.fill(stroke(curve(ends), 1.6), (130, 130, 130))
    left, top, right, _ = outline.box()
    canvas.shade(outline.moved(9, 12), 0.22, 10)
    canvas.paint(name, outline, color)
    size = right - left
    lamp = circle().placed(left + 0.33 * size, top + 0.3 * size, 0.25 * size)
    with canvas.inside(outline):
        canvas.shade(outline.moved(0.14 * size, 0.16 * size), 0.3, 0.07 * size)
        canvas.glow(lamp, (110, 110, 110), 0.07 * size)


def _draw_cake(canvas: Canvas) -> None:
    canvas.shade(circle().stretched(1, 0.24).placed(340, 446, 320), 0.5, 12)
    canvas.fill(circle().stretched(1, 0.2).placed(320, 436, 316), (222, 226, 228))
    for bottom, high, wide, color in (
        (430, 74, 250, (150, 176, 236)),
        (362, 50, 178, (210, 226, 240)),
    ):
        left, right, top = 320 - wide / 2, 320 + wide / 2, bottom - high
        side = rectangle(left, top, right, bottom) + circle().stretched(1, 0.16).placed(
            320, bottom, wide
        )
        across = np.linspace(-1, 1, 640) * 320 / (wide / 2)
        light = 1.04 - 0.3 * (across + 0.25) ** 2
        canvas.fill(
            side, np.tile(light[:, None] * np.array(color), (480, 1, 1)).astype(np.float32)
        )
        plate = circle().stretched(1, 0.16).placed(320, top, wide)
        icing = [plate]
        for i, x in enumerate(np.arange(left + 9, right, 18)):
            edge = top + 0.08 * wide * np.sqrt(max(1 - ((x - 320) / (wide / 2)) ** 2, 0))
            icing.append(stroke([(x, edge - 3), (x, edge + 9 + 7 * (i % 3))], 17))
        for drop in icing:
            canvas.fill(drop, (238, 242, 246))


def _draw_candles(canvas: Canvas) -> None:
    for character, x, color in (("1", 288, (70, 80, 220)), ("8", 346, (200, 120, 60))):
        (digit,) = characters(character)
        candle = digit.placed(x, 270, 80)
        canvas.shade(candle.moved(4, 5), 0.2, 4)
        canvas.fill(candle.moved(3, 1), np.array(color) * 0.7)
        canvas.paint(CHARACTER_CLASSES[character], candle, color)
        canvas.bevel(candle, 0.5, 2)
        canvas.fill(stroke([(x, 232), (x + 1, 218)], 2), (60, 60, 60))
        flame = polygon(*curve([(x, 220), (x - 5, 210), (x + 1, 194), (x + 6, 211), (x, 220)]))
        canvas.glow(flame, (40, 110, 150), 9)
        canvas.fill(flame, (120, 220, 255), blur=1)


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    canvas = _draw_room(np.random.RandomState(5))
    _draw_pennants(canvas)
    outline = heart().placed(116, 214, 140, -10)
    _draw_balloon(canvas, "heart", outline, (70, 50, 214), [(122, 262), (134, 330), (120, 400)])
    outline = star(0.56).placed(526, 214, 158, 10)
    _draw_balloon(canvas, "star", outline, (60, 190, 236), [(520, 262), (508, 330), (524, 400)])
    _draw_cake(canvas)
    _draw_candles(canvas)
    return canvas.finish(seed=5)
