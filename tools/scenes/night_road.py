"""A road through hills at night, with road signs and a crescent in the sky."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import CHARACTER_CLASSES, Canvas
from tools.scenes.shapes import arrow, characters, circle, moon, polygon, rectangle, triangle
from tools.scenes.textures import clouds, noise, vertical

SIZE = (640, 480)


def _draw_sky(random: np.random.RandomState) -> Canvas:
    sky = vertical(480, 640, [(0, (62, 30, 16)), (0.4, (120, 70, 44)), (0.62, (150, 120, 110))])
    canvas = Canvas(*SIZE, sky)
    for _ in range(90):
        x, y, light = random.uniform(0, 640), random.uniform(0, 240), random.uniform(40, 170)
        canvas.glow(circle().placed(x, y, random.uniform(1.2, 2.2)), (light, light, light), 0.6)
    crescent = moon().placed(126, 98, 104, -28)
    canvas.glow(circle().placed(126, 98, 150), (70, 66, 56), 40)
    canvas.paint("moon", crescent, (196, 236, 250))
    canvas.fill(crescent, (120, 160, 176), 0.5 * clouds(random, 480, 640, 30))
    cloud = clouds(random, 480, 640, 4)
    canvas.fill(
        rectangle(0, 150, 640, 300), (150, 110, 90), (cloud - 0.5).clip(0, 1) * 1.4, blur=30
    )
    return canvas


def _draw_land(canvas: Canvas, random: np.random.RandomState) -> None:
    for base, high, color in ((290, 90, (78, 52, 40)), (318, 60, (52, 38, 28))):
        ridge = noise(random, 1, 640, 1, 8)[0] * high
        points = [(x, base - ridge[min(x, 639)]) for x in range(0, 641, 4)]
        canvas.fill(polygon(*points, (640, 480), (0, 480)), color, blur=1)
    canvas.fill(rectangle(0, 318, 640, 480), (34, 40, 26), blur=3)
    meadow = noise(random, 480, 640, 240, 90)
    canvas.fill(rectangle(0, 320, 640, 480), (44, 62, 40), 0.5 * meadow, blur=3)
    canvas.fill(polygon((300, 320), (316, 320), (520, 480), (30, 480)), (62, 56, 54))
    for left, right in (((301, 303), (52, 64)), ((313, 315), (486, 500))):
        line = polygon((left[0], 320), (left[1], 320), (right[1], 480), (right[0], 480))
        canvas.fill(line, (150, 156, 158))
    for near, far in ((480, 440), (415, 390), (374, 358), (347, 337)):
        (x, half), (far_x, far_half) = (
            (308 - 34 * share, 5 * share) for share in ((near - 320) / 160, (far - 320) / 160)
        )
        dash = (
            (far_x - far_half, far),
            (far_x + far_half, far),
            (x + half, near),
            (x - half, near),
        )
        canvas.fill(polygon(*dash), (170, 176, 180))


def _draw_signs(canvas: Canvas) -> None:
    canvas.fill(rectangle(504, 60, 514, 450), (120, 118, 114))
    canvas.fill(rectangle(510, 60, 514, 450), (70, 68, 66))
    disc = circle().placed(508, 126, 148)
    canvas.paint("circle", disc, (236, 236, 234))
    canvas.fill(circle().placed(508, 126, 138), (176, 84, 22))
    canvas.shade(circle().placed(490, 100, 80), -0.25, 20)
    canvas.paint("arrow", arrow(0.2, 0.42, 0.62).placed(508, 126, 104, -38), (240, 240, 238))
    board = rectangle(424, 212, 592, 286, 8)
    canvas.fill(board, (232, 232, 230))
    canvas.fill(rectangle(428, 216, 588, 282, 6), (96, 122, 22))
    letter, *number = characters("A 40", "DejaVuSans-Bold", 0.16)
    canvas.fill(letter.placed(508, 249, 46), (238, 238, 236))
    for character, shape in zip("40", number, strict=True):
        canvas.paint(CHARACTER_CLASSES[character], shape.placed(508, 249, 46), (238, 238, 236))
    canvas.fill(rectangle(222, 270, 227, 372), (92, 90, 88))
    warning = triangle().placed(224, 244, 96)
    canvas.paint("triangle", warning, (40, 36, 190))
    canvas.fill(triangle().placed(224, 247, 58), (232, 234, 234))
    canvas.fill(polygon((220, 232), (228, 232), (226, 254), (222, 254)), (30, 30, 30))


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(4)
    canvas = _draw_sky(random)
    _draw_land(canvas, random)
    _draw_signs(canvas)
    lamps = polygon((130, 480), (400, 480), (330, 330), (270, 330))
    canvas.shade(lamps, -0.55, 26)
    return canvas.finish(seed=4, noise=3.5)
