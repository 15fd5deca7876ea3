"""Precision-recall curves whose areas can be computed by hand."""

import numpy as np
import pytest

from darknet_torch.evaluation.curves import Curve

# Precision 1, 1/2, 2/3 at recall 1/4, 1/4, 1/2.
CURVE = Curve.from_hits(np.array([True, False, True]), 4)


def test_precision_and_recall_are_cumulative():
    assert CURVE.precision == pytest.approx([1, 1 / 2, 2 / 3])
    assert CURVE.recall == pytest.approx([1 / 4, 1 / 4, 1 / 2])


def test_the_area_is_that_under_the_envelope():
    assert CURVE.area() == pytest.approx(1 / 4 * 1 + 1 / 4 * 2 / 3)


def test_points_take_the_best_precision_at_each_recall_or_a_higher_one():
    # Recalls 0 and .25 have precision 1, .5 has 2/3, .75 and 1 are not reached.
    assert CURVE.at_points(5) == pytest.approx((1 + 1 + 2 / 3) / 5)


def test_without_objects_recall_is_zero():
    assert Curve.from_hits(np.array([False, False]), 0).area() == 0
