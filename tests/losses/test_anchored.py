"""The deltas that assigned and ignored boxes of [yolo] get."""

import torch

from tests.losses.anchored_cases import match, row, yolo_computation
from tests.losses.cases import COLUMNS, ROWS


def test_two_truths_of_one_box_give_it_both_classes():
    computation = yolo_computation([row(2, 2, 16, 0), row(2, 2, 16, 1)])
    found = match(computation)
    computation.assign_matched(found)
    first, second = found.box_indices.tolist()
    assert first == second
    objectness_and_classes = computation.delta[first, 4:]
    assert objectness_and_classes.tolist() == [0.5, 0.5, 0.5]
    assert computation.delta[:, 4:].any(1).sum() == 1


def test_a_truth_has_a_class_delta_away_from_other_classes():
    computation = yolo_computation([row(2, 2, 16, 1)])
    found = match(computation)
    computation.assign_matched(found)
    assert computation.delta[found.box_indices[0], 4:].tolist() == [0.5, -0.5, 0.5]


def test_box_deltas_are_divided_by_the_number_of_positive_class_deltas():
    computation = yolo_computation([])
    computation.delta[:2] = torch.tensor([2.0, 4, 6, 8, 1, 1, 1])
    computation.average_box_delta(torch.arange(len(computation.delta)) == 0)
    assert computation.delta[:2, :4].tolist() == [[1, 2, 3, 4], [2, 4, 6, 8]]


def test_a_box_above_ignore_thresh_has_no_objectness_delta():
    computation = yolo_computation([row(2, 2, 16)])
    best_iou, truth_index = computation.ignore_overlapping()
    ignored = best_iou > computation.options.ignore_thresh
    # A raw 0 predicts the anchor itself, in the middle of its cell.
    assert ignored.nonzero().flatten().tolist() == [(ROWS + 2) * COLUMNS + 2]
    assert torch.equal(computation.delta[:, 4], torch.where(ignored, 0.0, -0.5))
    assert truth_index.tolist() == [0] * len(best_iou)
