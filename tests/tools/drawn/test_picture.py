"""Whole pictures."""

import numpy as np
import pytest

from tools.drawn import CLASSES, draw_picture
from tools.drawn.backgrounds import BACKGROUNDS
from tools.drawn.canvas import Canvas
from tools.drawn.clutter import KINDS, LETTERS, add_clutter
from tools.drawn.photograph import photographed


@pytest.mark.parametrize("seed", range(2))
def test_the_same_seed_gives_the_same_picture_and_boxes(seed):
    (picture, boxes), (again, same) = (
        draw_picture(np.random.RandomState(seed), (96, 80)) for _ in range(2)
    )
    assert picture.shape == (80, 96, 3)
    assert picture.dtype == np.uint8
    assert boxes.dtype == np.float64
    assert (picture == again).all()
    assert (boxes == same).all()


def test_another_seed_gives_another_picture():
    first, second = (draw_picture(np.random.RandomState(seed), 64)[0] for seed in (1, 2))
    assert (first != second).any()


def test_boxes_lie_in_the_picture_and_have_the_sizes_that_are_drawn():
    drawn = [draw_picture(np.random.RandomState([1, number]), 64)[1] for number in range(10)]
    boxes = np.concatenate(drawn)
    assert set(boxes[:, 0]) <= set(range(len(CLASSES)))
    assert len(set(boxes[:, 0])) > len(CLASSES) / 2
    assert (boxes[:, 1:] >= 0).all()
    assert (boxes[:, 1:] <= 1).all()
    longer = (boxes[:, 3:] - boxes[:, 1:3]).max(1)
    # A plate around an object may be twice as large as the largest object.
    assert longer.max() <= 0.9
    assert np.median(longer) > 0.1


def test_classes_are_those_that_are_asked_for():
    for number in range(3):
        _, boxes = draw_picture(np.random.RandomState(number), 64, classes=[3, 12])
        assert set(boxes[:, 0]) <= {3, 12}


@pytest.mark.parametrize("draw", [draw for draw, _ in BACKGROUNDS])
def test_every_background_fills_every_size(draw):
    for width, height in ((64, 64), (90, 70)):
        made = draw(np.random.RandomState(5), width, height)
        assert made.shape == (height, width, 3)
        assert np.isfinite(made).all()


def test_clutter_has_no_boxes_and_leaves_objects_in_sight():
    canvas = Canvas(np.full((96, 96, 3), 90, np.float32), 0.6)
    before = canvas.colours.copy()
    random = np.random.RandomState(0)
    for _ in range(2 * len(KINDS)):
        add_clutter(random, canvas)
    assert len(canvas.boxes()) == 0
    assert (canvas.colours != before).any()


def test_no_letter_is_a_digit_or_looks_like_one_or_like_a_shape():
    assert not set(LETTERS) & set("0123456789OQIlioDZSBGbqgzsxXtT+*")


def test_a_camera_changes_a_picture_but_not_what_is_in_it():
    plain = np.zeros((64, 64, 3), np.float32)
    plain[16:48, 16:48] = 200
    for seed in range(6):
        taken = photographed(np.random.RandomState(seed), plain.copy())
        assert taken.dtype == np.uint8
        assert taken[24:40, 24:40].mean() > taken[:8].mean() + 30
