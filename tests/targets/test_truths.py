"""Reading truth rows, the cells of truths, and the order of truths of one box."""

import numpy as np
import pytest

from darknet_torch.targets.truths import Truths, cells_of, in_rounds


def test_rows_end_at_an_x_of_zero_and_unknown_classes_are_not_valid():
    rows = np.zeros((2, 4, 6), np.float32)
    rows[0, :3, 0] = 0.5
    rows[0, :3, 4] = 1, 3, -1
    rows[0, :3, 5] = 7, 8, 9
    rows[1, 0, 0] = rows[1, 2, 0] = 0.25
    truths = Truths.from_rows(rows, 3)
    assert truths.boxes.shape == (2, 3, 4)
    assert truths.valid.tolist() == [[True, False, False], [True, False, False]]
    assert truths.class_ids[0, 0] == 1
    assert truths.track_ids[0].tolist() == [7, 8, 9]
    assert 0 <= truths.class_ids.min() <= truths.class_ids.max() < 3


def test_rows_without_a_track_id_have_0_and_class_at_chooses_the_column():
    rows = np.array([[[0.5, 0.5, 0.1, 0.1, 0.9, 0.8, 2]]], np.float32)
    assert Truths.from_rows(rows, 3, class_at=6).class_ids.item() == 2
    assert Truths.from_rows(rows, 3, class_at=6).track_ids.item() == 0
    assert Truths.from_rows(rows[..., :5], 3).track_ids.item() == 0


@pytest.mark.parametrize("shape", [(2, 0, 5), (2, 3, 5)])
def test_rows_without_truths_have_none(shape):
    truths = Truths.from_rows(np.zeros(shape, np.float32), 3)
    assert truths.boxes.shape == (2, 0, 4)


def test_a_class_that_is_no_number_is_not_valid():
    rows = np.array([[[0.5, 0.5, 0.1, 0.1, np.nan]]], np.float32)
    assert not Truths.from_rows(rows, 3).valid.any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_round_holds_a_box_once_in_the_order_of_the_truths(seed):
    boxes = np.random.default_rng(seed).integers(0, 9, 40)
    seen, number = {}, np.zeros(40, int)
    for position, box in enumerate(boxes):
        number[position] = seen.get(box, 0)
        seen[box] = number[position] + 1
    order, sizes = in_rounds(boxes)
    rounds = [part.tolist() for part in np.split(order, np.cumsum(sizes)[:-1])]
    assert rounds == [np.flatnonzero(number == k).tolist() for k in range(number.max() + 1)]


def test_no_matches_have_no_rounds():
    order, sizes = in_rounds(np.zeros(0, np.int64))
    assert (len(order), sizes) == (0, ())


def test_cells_lie_inside_the_map():
    points = np.array([[0.999, 0.001], [1.0, 1.0], [0.5, 0.25]], np.float32)
    column, row = cells_of(points, 6, 4)
    assert column.tolist() == [5, 5, 3]
    assert row.tolist() == [0, 3, 1]


def test_a_point_is_the_centre_moved_by_a_part_of_the_size():
    rows = np.array([[[0.5, 0.5, 0.2, 0.4, 0]]], np.float32)
    assert Truths.from_rows(rows, 1).points(0.5)[0, 0] == pytest.approx([0.4, 0.3])
