"""Objects of the classes, placed in the picture: alone, in a row, or on a plate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tools.drawn.canvas import Canvas
from tools.drawn.classes import CLASSES, DIGITS, SHAPES
from tools.drawn.colours import standing_out
from tools.drawn.digits import digit_outline, random_style
from tools.drawn.ink import Ink, Painted, paint, prepare, random_ink
from tools.drawn.outline import Outline, arc, polygon, random_skew, rotation
from tools.drawn.shapes import OUTLINES

Random = np.random.RandomState
# The longer side of an object as a part of the picture's, see `_scale`; plates may be larger.
SMALLEST, LARGEST, LARGEST_PLATE = 0.09, 0.45, 0.55
# The most degrees by which a class is turned: shapes that are the same thing in any direction by
# any number, others so little that a six stays apart from a nine and a plus from a cross.
_MOST_TURNED = dict.fromkeys(("circle", "square", "triangle", "star", "arrow", "moon"), 180)
_MOST_TURNED |= {"heart": 60, "plus": 18} | dict.fromkeys(DIGITS, 30)


def outline_of(random: Random, class_id: int, style: str) -> Outline:
    """Return an outline of a class; `style` is that of digits, see `digits.random_style`."""
    name = CLASSES[class_id]
    if name in DIGITS:
        return digit_outline(random, DIGITS.index(name), style)
    return OUTLINES[name](random)


def random_turn(random: Random, class_id: int) -> float:
    """Return degrees: nearly upright half of the time, else anything that the class allows."""
    if random.randint(2):
        return random.uniform(-8, 8)
    most = _MOST_TURNED[CLASSES[class_id]]
    return random.uniform(-most, most)


def _scale(canvas: Canvas) -> float:
    """Return the side in pixels of a square that is as large as the picture."""
    return float(np.sqrt(canvas.width * canvas.height))


def random_size(random: Random, canvas: Canvas) -> float:
    """Return the longer side of an object in pixels; small ones are as many as large ones."""
    return float(np.exp(random.uniform(np.log(SMALLEST), np.log(LARGEST))) * _scale(canvas))


def placed(outline: Outline, matrix: np.ndarray, size: float, centre: np.ndarray) -> Outline:
    """Return an outline mapped by `matrix`, its longer side `size` pixels, around `centre`."""
    return outline.mapped(matrix).centred().mapped(np.eye(2) * size, centre)


def add_object(random: Random, canvas: Canvas, classes: Sequence[int]) -> bool:
    """Try to draw an object of one of the classes; return whether there was room."""
    class_id = int(random.choice(classes))
    outline = outline_of(random, class_id, random_style(random))
    matrix = rotation(random_turn(random, class_id)) @ random_skew(random, outline.skew)
    ink = random_ink(random, thin=class_id >= len(SHAPES) or bool(outline.stroke))
    size = random_size(random, canvas)
    outline = placed(outline, matrix, size, np.zeros(2))
    loose = random.uniform() < 0.15
    whole = _find_room(random, canvas, outline, ink, loose)
    if whole is None:
        return False
    if not loose and random.uniform() < 0.2:
        _add_plate(random, canvas, whole, classes)
    _draw(random, canvas, class_id, whole, ink)
    return True


def _find_room(
    random: Random, canvas: Canvas, outline: Outline, ink: Ink, loose: bool
) -> Painted | None:
    """Return an object where it hides no other one, or for `loose` ones not too much of it."""
    for _ in range(8):
        moved = outline.mapped(np.eye(2), _random_centre(random, canvas, outline, loose))
        if not loose and not _is_free(canvas, moved.bounds()):
            continue
        whole = prepare(moved, ink)
        if not canvas.in_sight(whole.window, whole.all):
            continue
        hides = canvas.hides(whole.window, whole.all) if loose else not _is_free(canvas, whole.box)
        if not hides:
            return whole
    return None


def _random_centre(random: Random, canvas: Canvas, outline: Outline, loose: bool) -> np.ndarray:
    """Return a place inside of the picture, or for `loose` ones also over its edge."""
    half = np.zeros(2) if loose else np.abs(outline.bounds()).reshape(2, 2).max(0) + 2
    size = np.array([canvas.width, canvas.height])
    half = np.minimum(half, size / 2 - 1)
    return random.uniform(half, size - half)


def _is_free(canvas: Canvas, place: np.ndarray) -> bool:
    """Return whether a box [4] in pixels does not touch that of an object."""
    left, top, right, bottom = place
    return all(
        right < box[0] or box[2] < left or bottom < box[1] or box[3] < top
        for box in (drawn.box for drawn in canvas.objects)
    )


def _draw(random: Random, canvas: Canvas, class_id: int, painted: Painted, ink: Ink) -> None:
    paint(random, canvas, painted, ink)
    canvas.occupy(painted.window, painted.all, (class_id, painted.box))


def _plain_plate(random: Random) -> tuple[None, Outline]:
    """Return what signs and labels are made of and is none of the classes."""
    kind = random.randint(3)
    # Far from circles and squares, also where a picture of 4:3 becomes a square one.
    ratio = random.uniform(1.9, 2.6)
    if kind == 0:
        return None, polygon([(0, 0), (ratio, 0), (ratio, 1), (0, 1)])
    if kind == 1:
        return None, polygon(arc((0, 0), (ratio, 1), 0, 360))
    return None, polygon(arc((0, 0), (1, 1), 0, 360)[:-1:10])


def _shape_plate(random: Random, classes: Sequence[int]) -> tuple[int, Outline] | None:
    """Return a circle or a square, which are classes, if these are drawn at all."""
    class_id = CLASSES.index(str(random.choice(["circle", "square"])))
    return (class_id, OUTLINES[CLASSES[class_id]](random)) if class_id in classes else None


def _add_plate(random: Random, canvas: Canvas, held: Painted, classes: Sequence[int]) -> None:
    """Draw a plate under an object, unless there is no room for it."""
    plate = _shape_plate(random, classes) if random.randint(2) else _plain_plate(random)
    if plate is None:
        return
    class_id, outline = plate
    size = held.box[2:] - held.box[:2]
    turn = random.choice([0, 90]) + random.uniform(-10, 10)
    outline = outline.mapped(rotation(turn)).centred()
    extent = outline.bounds()
    needed = (size / (extent[2:] - extent[:2])).max() * random.uniform(1.3, 1.9)
    if needed > LARGEST_PLATE * _scale(canvas):
        return
    middle = (held.box[:2] + held.box[2:]) / 2
    ink = replace(random_ink(random, thin=False), fill=True, inset=0.0, contrast=40.0)
    whole = prepare(outline.mapped(np.eye(2) * needed, middle), ink)
    if _is_free(canvas, whole.box) and canvas.in_sight(whole.window, whole.all):
        paint(random, canvas, whole, ink)
        drawn = None if class_id is None else (class_id, whole.box)
        canvas.occupy(whole.window, whole.all, drawn)


def add_row(random: Random, canvas: Canvas, classes: list[int]) -> None:
    """Draw objects in a row, as the digits of a number are, in one style and one colour."""
    style, turn = random_style(random), random.uniform(-12, 12)
    height = random_size(random, canvas) * 0.7
    height = max(height, SMALLEST * _scale(canvas) * 1.1)
    ink = replace(random_ink(random, thin=True), two_colours=False, fill=True)
    gap = random.uniform(0.08, 0.5) * height
    outlines = [_of_height(outline_of(random, class_id, style), height) for class_id in classes]
    widths = [float(np.ptp(np.concatenate(outline.parts)[:, 0])) for outline in outlines]
    length = sum(widths) + gap * (len(widths) - 1)
    size = np.array([canvas.width, canvas.height])
    half = np.minimum([length / 2, height], size / 2 - 1)
    centre = random.uniform(half, size - half)
    offsets = np.cumsum([0, *(width + gap for width in widths[:-1])]) + np.array(widths) / 2
    turned = rotation(turn)
    things = [
        prepare(outline.mapped(turned, centre + turned @ np.array([offset - length / 2, 0])), ink)
        for outline, offset in zip(outlines, offsets, strict=True)
    ]
    free = [
        (class_id, thing)
        for class_id, thing in zip(classes, things, strict=True)
        if canvas.in_sight(thing.window, thing.all) and _is_free(canvas, thing.box)
    ]
    if free:
        below = canvas.below(free[0][1].window, np.ones_like(free[0][1].all))
        ink = replace(ink, colour=standing_out(random, below, ink.contrast))
    for class_id, thing in free:
        _draw(random, canvas, class_id, thing, ink)


def _of_height(outline: Outline, height: float) -> Outline:
    _, top, _, bottom = outline.bounds()
    return outline.mapped(np.eye(2) * height / (bottom - top))
