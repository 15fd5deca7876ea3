"""Reading truth rows, the best truth of a box, and the order of truths of one box."""

import numpy as np
import pytest
import torch

from darknet_torch.losses.truths import Truths, best_truth, by_truth_rank


def test_rows_end_at_an_x_of_zero_and_unknown_classes_are_not_valid():
    rows = torch.zeros(2, 4, 6)
    rows[0, :3, 0] = 0.5
    rows[0, :3, 4] = torch.tensor([1.0, 3.0, -1.0])
    rows[0, :3, 5] = torch.tensor([7.0, 8.0, 9.0])
    rows[1, 0, 0] = rows[1, 2, 0] = 0.25
    truths = Truths.from_rows(rows, 3)
    assert truths.boxes.shape == (2, 3, 4)
    assert truths.valid.tolist() == [[True, False, False], [True, False, False]]
    assert truths.class_ids[0, 0] == 1
    assert truths.track_ids[0].tolist() == [7, 8, 9]
    assert 0 <= truths.class_ids.min() <= truths.class_ids.max() < 3


def test_rows_without_a_track_id_have_0_and_class_at_chooses_the_column():
    rows = torch.tensor([[[0.5, 0.5, 0.1, 0.1, 0.9, 0.8, 2.0]]])
    assert Truths.from_rows(rows, 3, class_at=6).class_ids.item() == 2
    assert Truths.from_rows(rows, 3, class_at=6).track_ids.item() == 0
    assert Truths.from_rows(rows[..., :5], 3).track_ids.item() == 0


@pytest.mark.parametrize("shape", [(2, 0, 5), (2, 3, 5)])
def test_without_truths_the_best_iou_is_zero(shape):
    truths = Truths.from_rows(torch.zeros(*shape), 3)
    assert truths.boxes.shape == (2, 0, 4)
    best, which = best_truth(torch.zeros(2, 7, 0), truths.valid)
    assert best.tolist() == which.tolist() == [[0] * 7] * 2


def test_the_first_of_equal_ious_counts_and_invalid_truths_never():
    ious = torch.tensor([[[0.5, 0.7, 0.7], [0.0, 0.0, 0.0], [-0.3, -0.1, -0.2]]])
    best, which = best_truth(ious, torch.tensor([[True, True, True]]))
    assert best[0].tolist() == [pytest.approx(0.7), 0, 0]
    assert which.tolist() == [[1, 0, 0]]
    best, which = best_truth(ious, torch.tensor([[True, False, True]]))
    assert which[0, 0] == 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_round_holds_a_box_once_in_the_order_of_the_truths(seed):
    boxes = np.random.default_rng(seed).integers(0, 9, 40)
    seen, number = {}, np.zeros(40, int)
    for position, box in enumerate(boxes):
        number[position] = seen.get(box, 0)
        seen[box] = number[position] + 1
    rounds = [turn.tolist() for turn in by_truth_rank(torch.from_numpy(boxes))]
    assert rounds == [np.flatnonzero(number == k).tolist() for k in range(number.max() + 1)]
    assert list(by_truth_rank(torch.zeros(0, dtype=torch.long))) == []


def test_cells_lie_inside_the_map():
    boxes = torch.zeros(1, 3, 5)
    boxes[0, :, :2] = torch.tensor([[0.999, 0.001], [1.0, 1.0], [0.5, 0.25]])
    column, row = Truths.from_rows(boxes, 1).cells(6, 4)
    assert column.tolist() == [[5, 5, 3]]
    assert row.tolist() == [[0, 3, 1]]
