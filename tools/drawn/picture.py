"""A whole picture with the boxes of its objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.drawn.backgrounds import random_background
from tools.drawn.canvas import Canvas
from tools.drawn.classes import CLASSES, SHAPES
from tools.drawn.clutter import add_clutter
from tools.drawn.objects import add_object, add_row
from tools.drawn.photograph import photographed

# Less of an object would not be recognised.
LEAST_SEEN = 0.6


def draw_picture(
    random: np.random.RandomState,
    side: int | tuple[int, int],
    classes: Sequence[int] = tuple(range(len(CLASSES))),
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a picture of shapes, symbols and digits.

    Args:
        random: where all random numbers come from; the same state gives the same picture.
        side: width and height in pixels, or both as (width, height); at least 64.
        classes: the numbers of the classes that are drawn, of `CLASSES`.

    Returns:
        The picture, BGR uint8 [H, W, 3], and its boxes, float64 [K, 5]: class, then left, top,
        right, bottom in 0-1 of the picture, around all of the object that lies in the picture,
        also where another one hides a part.
    """
    width, height = (side, side) if isinstance(side, int) else side
    canvas = Canvas(random_background(random, width, height), LEAST_SEEN)
    for _ in range(random.randint(0, 5)):
        add_clutter(random, canvas)
    digits = [class_id for class_id in classes if class_id >= len(SHAPES)]
    if digits and random.uniform() < 0.2:
        add_row(random, canvas, random.choice(digits, random.randint(2, 6)).tolist())
    for _ in range(random.randint(2, 9)):
        add_object(random, canvas, classes)
    if random.uniform() < 0.35:
        add_clutter(random, canvas)
    return photographed(random, canvas.colours), canvas.boxes()
