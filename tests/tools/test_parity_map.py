"""Comparing average precision with a record."""

from types import SimpleNamespace

import numpy as np
import pytest

from darknet_torch.evaluation.records import TruthTable
from tools.parity_map import AP_TOLERANCE, MEAN_TOLERANCE, as_label_files, compare_precisions

RESULT = SimpleNamespace(mean=0.5, aps=(0.4, 0.6))


def record(mean, *aps):
    return {"map": mean, "classes": [{"name": "cat", "ap": ap} for ap in aps]}


def test_deviations_are_fractions_of_the_tolerances():
    deviations = compare_precisions(RESULT, record(0.499, 40.0, 61.2))
    expected = [0.1 / MEAN_TOLERANCE, 0, 1.2 / AP_TOLERANCE]
    assert [item.error for item in deviations] == pytest.approx(expected)
    assert all(item.passed for item in deviations)


def test_a_precision_outside_the_tolerance_fails():
    mean, first, second = compare_precisions(RESULT, record(0.49, 40.0, 58.0))
    assert not mean.passed
    assert first.passed
    assert not second.passed
    assert second.place == "ap of cat, 60.00, C 58.00"


def test_label_files_round_boxes_and_drop_those_without_area():
    boxes = np.array([[0.5, 0.5, 0.12345678, 0.1], [0.5, 0.5, 1e-7, 0.1]])
    truths = TruthTable(np.array([0, 0]), np.array([1, 2]), boxes, np.zeros(2, bool))
    kept = as_label_files(truths)
    assert kept.class_ids.tolist() == [1]
    assert kept.boxes.tolist() == [[0.5, 0.5, 0.123457, 0.1]]
