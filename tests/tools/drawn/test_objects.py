"""Objects: their boxes are tight, whatever they are painted with, and they stay in sight."""

from dataclasses import replace

import numpy as np
import pytest

from tools.drawn.canvas import Canvas
from tools.drawn.classes import CLASSES, DIGITS
from tools.drawn.digits import FONTS
from tools.drawn.ink import Ink, paint, prepare
from tools.drawn.objects import add_object, add_row, outline_of, placed, random_turn
from tools.drawn.outline import rotation

SIDE = 96
INKS = {
    "filled": Ink(),
    "outlined": Ink(fill=False, line=0.08),
    "bordered": Ink(line=0.1, two_colours=True),
    "a block": Ink(depth=0.12),
    "with an inset": Ink(inset=0.6, finish="shaded"),
}
STYLES = ("segments", "written", *FONTS[::5])


def canvas(side=SIDE):
    return Canvas(np.full((side, side, 3), 127, np.float32), 0.6)


def painted_alone(class_id, ink, style="written", degrees=20.0, size=50.0):
    """Return the pixels [H, W] that an object changes, and its box in pixels."""
    random = np.random.RandomState(3)
    outline = outline_of(random, class_id, style)
    middle = np.array([SIDE / 2 + 0.3, SIDE / 2 - 0.2])
    whole = prepare(placed(outline, rotation(degrees), size, middle), ink)
    there = canvas()
    paint(random, there, whole, replace(ink, colour=np.full(3, 255, np.float32)))
    return (np.abs(there.colours - 127) > 0.01).any(2), whole.box


def check_tight(changed, box):
    rows, columns = np.nonzero(changed)
    found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    # The box ends at quarters of pixels, so it lies less than 1 within the pixels that change.
    inwards = (box - found) * (1, 1, -1, -1)
    assert (inwards >= 0).all()
    assert (inwards < 1).all()


@pytest.mark.parametrize("class_id", range(len(CLASSES)), ids=CLASSES)
def test_nothing_changes_outside_of_the_box_and_something_at_each_side(class_id):
    check_tight(*painted_alone(class_id, Ink()))


@pytest.mark.parametrize("ink", INKS.values(), ids=INKS)
@pytest.mark.parametrize("name", ["heart", "five"])
def test_the_box_is_tight_with_every_ink(name, ink):
    check_tight(*painted_alone(CLASSES.index(name), ink))


@pytest.mark.parametrize("style", STYLES)
def test_the_box_is_tight_in_every_style_of_digits(style):
    check_tight(*painted_alone(CLASSES.index("four"), Ink(), style))


def test_the_longer_side_has_the_size_that_was_asked_for():
    _, box = painted_alone(CLASSES.index("square"), Ink(), degrees=0, size=40)
    assert np.abs(box[2:] - box[:2] - 40).max() <= 0.5


def test_digits_are_turned_too_little_to_become_others():
    random = np.random.RandomState(0)
    for name in (*DIGITS, "plus"):
        turns = [random_turn(random, CLASSES.index(name)) for _ in range(50)]
        assert max(map(abs, turns)) <= 30
    turns = [random_turn(random, CLASSES.index("arrow")) for _ in range(50)]
    assert min(turns) < -90
    assert max(turns) > 90


def test_only_the_given_classes_are_drawn_on_plates_too():
    there, random = canvas(200), np.random.RandomState(1)
    star = CLASSES.index("star")
    for _ in range(12):
        add_object(random, there, [star])
    assert {drawn.class_id for drawn in there.objects} == {star}


def test_a_row_keeps_the_order_of_its_digits_from_left_to_right():
    there, random = canvas(400), np.random.RandomState(2)
    digits = [CLASSES.index(name) for name in ("four", "zero", "seven")]
    add_row(random, there, digits)
    centres = [drawn.box[0] + drawn.box[2] for drawn in there.objects]
    assert [drawn.class_id for drawn in there.objects] == digits
    assert centres == sorted(centres)
