"""Outlines of digits and letters: fonts, seven segments and handwriting."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from tools.drawn.outline import Outline, arc, smooth

Random = np.random.RandomState

# The fonts that come with matplotlib, those without digits left out.
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)


@cache
def glyph(character: str, font: str) -> Outline:
    """Return a character of one of `FONTS`."""
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    properties = FontProperties(fname=str(folder / f"{font}.ttf"))
    path = TextPath((0, 0), character, size=100, prop=properties)
    parts = tuple(np.array(part) * (1, -1) for part in path.to_polygons(closed_only=True))
    return Outline(parts).centred()


#          0
#        1   2
#          3
#        4   5
#          6
SEGMENTS = {
    0: (0, 1, 2, 4, 5, 6),
    1: (2, 5),
    2: (0, 2, 3, 4, 6),
    3: (0, 2, 3, 5, 6),
    4: (1, 2, 3, 5),
    5: (0, 1, 3, 5, 6),
    6: (0, 1, 3, 4, 5, 6),
    7: (0, 2, 5),
    8: (0, 1, 2, 3, 4, 5, 6),
    9: (0, 1, 2, 3, 5, 6),
}
_ENDS = (
    ((0, 0), (1, 0)),
    ((0, 0), (0, 1)),
    ((1, 0), (1, 1)),
    ((0, 1), (1, 1)),
    ((0, 1), (0, 2)),
    ((1, 1), (1, 2)),
    ((0, 2), (1, 2)),
)


def segment(number: int, half: float, gap: float) -> np.ndarray:
    """Return a segment [6, 2] with pointed ends, of a display 1 wide and 2 high.

    `half` is half of its width, and `gap` how far its ends stay away from the corners.
    """
    start, end = (np.array(point, np.float64) for point in _ENDS[number])
    along = (end - start) / np.linalg.norm(end - start)
    across = along[::-1] * half
    start, end = start + along * gap, end - along * gap
    tip = along * half
    near = (start + tip - across, end - tip - across)
    far = (end - tip + across, start + tip + across)
    return np.array([start, *near, end, *far])


def seven_segments(random: Random, digit: int) -> Outline:
    """Return a digit of a display, with pointed segments and gaps between them."""
    half, gap = random.uniform(0.08, 0.16), random.uniform(0.02, 0.06)
    slant = random.uniform(0, 0.15)
    parts = [segment(number, half, gap) for number in SEGMENTS[digit]]
    sheared = tuple(part + part[:, 1:] * (-slant, 0) for part in parts)
    return Outline(sheared).centred()


_SIX = np.array(
    [
        *((0.75, 0.0), (0.25, 0.5), (0.02, 1.1), (0.3, 1.57), (0.75, 1.5)),
        *((0.95, 1.15), (0.7, 0.8), (0.3, 0.85), (0.05, 1.2)),
    ]
)


def _strokes(digit: int, flag: bool) -> tuple[np.ndarray, ...]:
    """Return the lines of a written digit in a box 1 wide and 1.6 high."""
    lines: dict[int, tuple[np.ndarray, ...]] = {
        0: (arc((0.5, 0.8), (0.5, 0.8), -90, 270),),
        1: (np.array([(0.15, 0.4), (0.55, 0.0), (0.55, 1.6)]),),
        2: (np.concatenate((arc((0.5, 0.45), (0.45, 0.45), -190, 30), [(0.0, 1.6), (1, 1.6)])),),
        3: (
            np.concatenate(
                (
                    arc((0.45, 0.4), (0.42, 0.4), -150, 80),
                    arc((0.45, 1.2), (0.5, 0.42), -80, 150),
                )
            ),
        ),
        4: (np.array([(0.55, 0.0), (0.0, 1.1), (1.0, 1.1)]), np.array([(0.75, 0.6), (0.75, 1.6)])),
        5: (
            np.concatenate(
                ([(0.9, 0.0), (0.15, 0.0), (0.1, 0.7)], arc((0.45, 1.1), (0.5, 0.5), -110, 150))
            ),
        ),
        6: (smooth(_SIX),),
        7: (np.array([(0.0, 0.0), (1.0, 0.0), (0.35, 1.6)]),),
        8: (
            arc((0.5, 0.4), (0.38, 0.4), 90, 450),
            arc((0.5, 1.2), (0.48, 0.4), -90, 270),
        ),
        9: (
            arc((0.45, 0.45), (0.43, 0.45), 0, 360),
            smooth(np.array([(0.88, 0.45), (0.85, 0.9), (0.6, 1.6)])),
        ),
    }
    bar = (np.array([(0.25, 0.8), (0.9, 0.8)]),) if digit == 7 and flag else ()
    return lines[digit] + bar


def written(random: Random, digit: int) -> Outline:
    """Return a digit as of a pen, a little bent."""
    wave = random.uniform(-0.06, 0.06, (2, 2))
    parts = []
    for line in _strokes(digit, flag=bool(random.randint(2))):
        dense = np.concatenate([_between(a, b) for a, b in itertools.pairwise(line)])
        parts.append(dense + np.sin(dense * 3) @ wave)
    return Outline(tuple(parts), random.uniform(0.12, 0.3)).centred()


def _between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return points from one to another that are 0.1 apart at most."""
    count = int(np.ceil(np.linalg.norm(end - start) / 0.1)) + 1
    return np.linspace(start, end, count)


def digit_outline(random: Random, digit: int, style: int | str) -> Outline:
    """Return a digit in a style of `random_style`."""
    if style == "segments":
        return seven_segments(random, digit)
    if style == "written":
        return written(random, digit)
    return glyph(str(digit), str(style))


def random_style(random: Random) -> str:
    """Return a font, or one of the two other ways to draw digits."""
    kind = random.uniform()
    if kind < 0.1:
        return "segments"
    if kind < 0.3:
        return "written"
    return FONTS[random.randint(len(FONTS))]
