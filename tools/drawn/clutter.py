"""What is in pictures and is none of the classes: letters, lines, bars, scribbles, polygons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.drawn.canvas import Canvas
from tools.drawn.digits import FONTS, glyph
from tools.drawn.ink import paint, prepare, random_ink
from tools.drawn.outline import Outline, arc, random_skew, rotation, smooth

Random = np.random.RandomState
# Letters and signs that nobody takes for a digit or a shape, in any font.
LETTERS = "ACEFHJKMNPRUVWYadefhkmnpruvwy&?#%@$"


def letter(random: Random) -> Outline:
    """Return a letter of a font."""
    return glyph(LETTERS[random.randint(len(LETTERS))], FONTS[random.randint(len(FONTS))])


def word(random: Random) -> Outline:
    """Return a few letters of one font in a row."""
    font = FONTS[random.randint(len(FONTS))]
    parts: list[np.ndarray] = []
    right = 0.0
    for _ in range(random.randint(2, 6)):
        sign = glyph(LETTERS[random.randint(len(LETTERS))], font)
        left, _, end, bottom = sign.bounds()
        shift = np.array([right - left, -bottom])
        parts += [part + shift for part in sign.parts]
        right += end - left + 0.15
    return Outline(tuple(parts))


def bar(random: Random) -> Outline:
    """Return a rectangle that is far from square."""
    long = random.uniform(2.2, 7)
    return Outline((np.array([(0, 0), (long, 0), (long, 1), (0, 1)]),))


def oval(random: Random) -> Outline:
    """Return an ellipse that is far from a circle."""
    return Outline((arc((0, 0), (random.uniform(2.1, 5), 1), 0, 360),))


def line(random: Random) -> Outline:
    """Return a straight stroke."""
    return Outline((np.array([(0, 0), (1, 0)], np.float64),), random.uniform(0.01, 0.06))


def curve(random: Random) -> Outline:
    """Return a bent stroke, or a scribble."""
    points = np.stack((np.linspace(0, 1, 5), random.uniform(-0.3, 0.3, 5)), 1)
    if random.randint(3) == 0:
        points = random.uniform(0, 1, (random.randint(6, 12), 2))
    return Outline((smooth(points),), random.uniform(0.01, 0.06))


def irregular(random: Random) -> Outline:
    """Return a long polygon of five to eight corners around its middle."""
    corners = random.randint(5, 9)
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    radii = random.uniform(0.3, 1, corners)
    points = np.stack((np.cos(angles) * 2.2, np.sin(angles)), 1) * radii[:, None]
    return Outline((points,))


KINDS: tuple[Callable[[Random], Outline], ...] = (
    *(letter, letter, word, word, bar, bar, oval, line, line, curve, curve, irregular),
)


def add_clutter(random: Random, canvas: Canvas) -> None:
    """Draw something that has no label, unless it would hide too much of an object."""
    outline = KINDS[random.randint(len(KINDS))](random).centred()
    turn = random.uniform(-180, 180) if random.randint(2) else random.uniform(-10, 10)
    smaller = min(canvas.width, canvas.height)
    size = smaller * np.exp(random.uniform(np.log(0.06), np.log(0.7 if outline.stroke else 0.35)))
    if outline.stroke and random.randint(3) == 0:
        size *= 2.5
    matrix = rotation(turn) @ random_skew(random, 1.0) * size
    centre = random.uniform(0, 1, 2) * (canvas.width, canvas.height)
    ink = random_ink(random, thin=True)
    whole = prepare(outline.mapped(matrix, centre), ink)
    if not canvas.hides(whole.window, whole.all):
        paint(random, canvas, whole, ink)
        canvas.occupy(whole.window, whole.all, None)
