"""Painted wooden blocks on the floor of a nursery, seen as a child sees them."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import Canvas
from tools.scenes.shapes import (
    arrow,
    characters,
    circle,
    heart,
    plus,
    square,
    star,
    triangle,
)
from tools.scenes.solids import Toy, draw_toys
from tools.scenes.textures import clouds, planks
from tools.scenes.view import View

SIZE = (640, 480)
BLOCKS = (  # from the far end to the near one
    Toy("triangle", triangle(), (326, 26, 132, 20), (62, 170, 86)),
    Toy("circle", circle(), (96, 62, 118, 0), (52, 60, 206)),
    Toy("star", star(0.55), (556, 70, 156, 12), (52, 192, 238)),
    Toy("seven", characters("7")[0], (214, 186, 124, -14), (190, 120, 40)),
    Toy("square", square(), (410, 196, 112, 24), (70, 130, 232)),
    Toy("plus", plus(0.38), (112, 300, 124, 18), (166, 88, 154)),
    Toy("two", characters("2")[0], (532, 312, 124, 10), (70, 66, 214)),
    Toy("arrow", arrow(0.34, 0.5, 0.8), (394, 368, 150, -24), (84, 168, 60)),
    Toy("heart", heart(), (244, 400, 114, 14), (120, 92, 226)),
)


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(7)
    view = View((320, 240), tilt=44, distance=900, turn=4)
    floor = planks(random, 900, 1400, (84, 128, 168), (140, 184, 214), 6)
    canvas = Canvas(*SIZE, view.lay(floor, (-380, -340, 1020, 640), SIZE))
    grain = 0.93 + 0.14 * clouds(random, 480, 640, 40)[..., None]
    draw_toys(canvas, view, BLOCKS, 20, grain)
    canvas.shade(circle().placed(180, 120, 420), -0.14, 90)
    return canvas.finish(seed=7)
