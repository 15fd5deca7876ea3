"""Outlines and their maps."""

import numpy as np
import pytest

from tools.drawn.outline import Outline, polygon, random_skew, rotation, smooth

BAR = Outline((np.array([(2.0, 5.0), (6, 5), (6, 7), (2, 7)]),), stroke=0.4)


def test_a_centred_outline_has_a_longer_side_of_1():
    centred = BAR.centred()
    assert centred.bounds() == pytest.approx([-0.5, -0.25, 0.5, 0.25])
    assert centred.stroke == pytest.approx(0.1)


def test_a_quarter_turn_is_clockwise_since_y_points_down():
    assert rotation(90) @ (1, 0) == pytest.approx([0, 1])


def test_strokes_grow_with_the_map():
    assert BAR.mapped(np.eye(2) * 3).stroke == pytest.approx(1.2)
    assert BAR.mapped(rotation(40)).stroke == pytest.approx(0.4)


def test_scaling_keeps_the_middle():
    assert polygon([(0, 0), (2, 0), (2, 2), (0, 2)]).scaled(0.5).bounds() == pytest.approx(
        [-0.25, -0.25, 0.25, 0.25]
    )


def test_a_skew_of_0_changes_nothing_and_every_skew_keeps_the_area():
    random = np.random.RandomState(0)
    assert random_skew(random, 0) == pytest.approx(np.eye(2))
    assert np.linalg.det(random_skew(random, 1)) == pytest.approx(1)


def test_a_smooth_curve_goes_through_its_points():
    points = np.array([(0.0, 0.0), (1, 2), (3, 1), (4, 4)])
    assert smooth(points, steps=5)[::5] == pytest.approx(points)
