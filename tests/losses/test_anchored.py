"""The deltas that assigned and ignored boxes of [yolo] get."""

import torch

from tests.losses.anchored_cases import row, yolo_computation


def test_two_truths_of_one_box_give_it_both_classes():
    computation = yolo_computation([row(2, 2, 16, 0), row(2, 2, 16, 1)])
    computation.assign_matched()
    first, second = zip(*(part.tolist() for part in computation.assignment.match.at), strict=True)
    assert first == second
    assert computation.assignment.rounds == (1, 1)
    by_box = computation.by_box(computation.delta)
    assert by_box[first][4:].tolist() == [0.5, 0.5, 0.5]
    assert by_box[..., 4:].any(-1).sum() == 1


def test_a_truth_has_a_class_delta_away_from_other_classes():
    computation = yolo_computation([row(2, 2, 16, 1)])
    computation.assign_matched()
    by_box = computation.by_box(computation.delta)
    assert by_box[computation.assignment.match.at][0, 4:].tolist() == [0.5, -0.5, 0.5]


def test_box_deltas_are_divided_by_the_number_of_positive_class_deltas():
    computation = yolo_computation([])
    by_box = computation.by_box(computation.delta)
    by_box[0, 0, 0, :2] = torch.tensor([2.0, 4, 6, 8, 1, 1, 1])
    selected = torch.zeros(by_box.shape[:4], dtype=torch.bool)
    selected[0, 0, 0, 0] = True
    computation.average_box_delta(selected)
    assert by_box[0, 0, 0, :2, :4].tolist() == [[1, 2, 3, 4], [2, 4, 6, 8]]


def test_a_box_above_ignore_thresh_has_no_objectness_delta():
    computation = yolo_computation([row(2, 2, 16)])
    best_iou, truth_index = computation.ignore_overlapping()
    ignored = best_iou > computation.options.ignore_thresh
    # A raw 0 predicts the anchor itself, in the middle of its cell.
    assert ignored.nonzero().tolist() == [[0, 1, 2, 2]]
    assert torch.equal(computation.delta[:, :, 4], torch.where(ignored, 0.0, -0.5))
    assert truth_index is None  # no option needs it
