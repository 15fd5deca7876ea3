"""Outlines of symbols and characters."""

import numpy as np
import pytest

from tools.scenes.shapes import (
    arrow,
    characters,
    circle,
    heart,
    moon,
    plus,
    polygon,
    rectangle,
    square,
    star,
    stroke,
    triangle,
)


@pytest.mark.parametrize("symbol", [arrow, circle, heart, moon, plus, square, star, triangle])
def test_a_symbol_is_about_1_large_around_the_origin(symbol):
    left, top, right, bottom = symbol().box()
    assert 0.85 < max(right - left, bottom - top) <= 1.0001
    assert abs(left + right) < 0.3
    assert abs(top + bottom) < 0.2


def test_a_shape_is_turned_clockwise_scaled_and_moved():
    tip = polygon((0, -1), (0.1, 0), (-0.1, 0)).placed(10, 20, 4, 90)
    np.testing.assert_allclose(tip.parts[0][0][0], (14, 20), atol=1e-9)


def test_characters_stand_side_by_side_without_touching():
    boxes = np.array([shape.box() for shape in characters("18A", gap=0.2)])
    np.testing.assert_allclose(boxes[1:, 0] - boxes[:-1, 2], 0.2)
    np.testing.assert_allclose(boxes[:, 3] - boxes[:, 1], 1)
    assert abs(boxes[0, 0] + boxes[-1, 2]) < 1e-9


def test_subdividing_keeps_the_outline():
    points = rectangle(0, 0, 10, 4).subdivided(1).parts[0][0]
    assert len(points) == 28
    assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() <= 1
    assert (rectangle(0, 0, 10, 4).box() == (0, 0, 10, 4)).all()


def test_a_rounded_rectangle_reaches_as_far_as_one_with_corners():
    np.testing.assert_allclose(rectangle(1, 2, 9, 7, 2).box(), (1, 2, 9, 7))


def test_a_stroke_is_as_wide_as_its_pen():
    np.testing.assert_allclose(stroke([(0, 0), (10, 0)], 4).box(), (-2, -2, 12, 2), atol=1e-9)
