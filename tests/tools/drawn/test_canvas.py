"""The canvas: what is in sight, what hides what."""

import numpy as np
import pytest

from tools.drawn.canvas import Canvas
from tools.drawn.raster import Window

BOX = np.array([10.0, 10.0, 20.0, 20.0])
WINDOW = Window(10, 10, 10, 10)
FULL = np.ones((10, 10), np.float32)


@pytest.fixture
def canvas():
    """A grey canvas with an object of 10 x 10 pixels."""
    made = Canvas(np.full((40, 60, 3), 50, np.float32), 0.6)
    made.occupy(WINDOW, FULL, (7, BOX))
    return made


def test_boxes_are_parts_of_the_picture(canvas):
    assert canvas.boxes() == pytest.approx(np.array([[7, 1 / 6, 1 / 4, 1 / 3, 1 / 2]]))


def test_boxes_are_clipped_to_the_picture(canvas):
    canvas.occupy(Window(-4, 35, 10, 10), FULL, (2, np.array([-4.0, 35, 6, 45])))
    assert canvas.boxes()[1] == pytest.approx([2, 0, 35 / 40, 0.1, 1])


def test_four_tenths_may_be_hidden_but_no_more(canvas):
    assert not canvas.hides(Window(10, 16, 10, 10), FULL)
    assert canvas.hides(Window(10, 15, 10, 10), FULL)


def test_what_is_hidden_adds_up(canvas):
    canvas.occupy(Window(10, 17, 10, 10), FULL, None)
    assert not canvas.hides(Window(19, 10, 10, 10), FULL)
    assert canvas.hides(Window(18, 10, 10, 10), FULL)


def test_what_lies_elsewhere_hides_nothing_even_if_too_much_is_hidden_already(canvas):
    canvas.occupy(WINDOW, FULL, None)
    assert not canvas.hides(Window(40, 20, 10, 10), FULL)


@pytest.mark.parametrize(("left", "seen"), [(-4, True), (-5, False), (54, True), (55, False)])
def test_an_object_over_the_edge_needs_six_tenths_in_the_picture(canvas, left, seen):
    assert canvas.in_sight(Window(left, 0, 10, 10), FULL) is seen


def test_colours_are_blended_where_the_window_lies_in_the_picture(canvas):
    canvas.blend(Window(-5, -5, 10, 10), FULL / 2, np.full(3, 150, np.float32))
    assert (canvas.colours[:5, :5] == 100).all()
    assert (canvas.colours[5:] == 50).all()
    assert (canvas.colours[:, 5:] == 50).all()


def test_the_colour_below_is_the_mean_of_what_would_be_covered(canvas):
    canvas.colours[10:20, 10:15] = 70
    assert canvas.below(WINDOW, FULL) == pytest.approx([60, 60, 60])
