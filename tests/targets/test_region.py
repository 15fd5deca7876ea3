"""Assignment of truths to the cells of a [region]."""

import numpy as np

from darknet_torch.targets.region import RegionAssigner

SIZE, MAP = (64, 96), (4, 6)


def assign(rows, class_at=4, more=0, has_tree=False, class_map=None):
    made = RegionAssigner(SIZE, MAP, class_map, 3, class_at, more, has_tree)
    return made.assign(np.array(rows, np.float32), SIZE, MAP)


def test_truths_of_one_cell_come_in_rounds_in_their_order():
    rows = [[[0.1, 0.1, 0.2, 0.3, 0], [0.9, 0.9, 0.1, 0.1, 1], [0.12, 0.12, 0.4, 0.5, 2]]]
    found = assign(rows)
    assert found.rounds == (2, 1)
    assert found.cell_indices.tolist() == [0, 23, 0]
    assert found.class_ids.tolist() == [0, 1, 2]
    assert found.columns_rows.tolist() == [[0, 0], [5, 3], [0, 0]]
    assert np.array_equal(found.assigned_boxes, np.array(rows, np.float32)[0, [0, 1, 2], :4])
    assert found.map_wh.tolist() == [6, 4]


def test_a_map_gives_the_classes_of_assigned_truths_only():
    found = assign([[[0.1, 0.1, 0.2, 0.3, 1]]], class_map=(2, 0, 1))
    assert found.class_ids.tolist() == [0]
    assert found.truth_classes.tolist() == [[1]]


def test_further_coordinates_are_those_after_the_fourth():
    found = assign([[[0.1, 0.1, 0.2, 0.3, 9, 8, 1]]], class_at=6, more=2)
    assert found.further_coordinates.tolist() == [[8, 1]]
    assert found.class_ids.tolist() == [1]


def test_a_picture_with_a_truth_without_a_box_has_no_other():
    far = 999999.0
    rows = [
        [[0.1, 0.1, 0.2, 0.3, 1], [far, far, far, far, 2], [far, far, far, far, 0]],
        [[0.1, 0.1, 0.2, 0.3, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    ]
    found = assign(rows, has_tree=True)
    assert found.class_only_truths.tolist() == [[0], [2]]
    assert found.is_class_only.tolist() == [1, 0]
    assert found.cell_indices.tolist() == [24]
    without_tree = assign(rows)
    assert without_tree.class_only == 0
    assert without_tree.assigned == 4


def test_without_truths_nothing_is_assigned():
    found = assign(np.zeros((2, 0, 5)))
    assert (found.truths, found.assigned, found.rounds, found.class_only) == (0, 0, (), 0)
    assert found.is_class_only.tolist() == [0, 0]
