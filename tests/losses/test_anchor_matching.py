"""Matching of the boxes of [yolo] with ground truths."""

import pytest

from tests.losses.anchored_cases import ANCHORS, match, row, yolo_computation
from tests.losses.cases import COLUMNS, ROWS


@pytest.mark.parametrize(("size", "anchor"), [(7, 0), (15, 1), (40, 2)])
def test_a_truth_is_matched_with_the_anchor_of_the_nearest_shape(size, anchor):
    found = match(yolo_computation([row(3, 1, size)]))
    assert found.box_indices.tolist() == [(anchor * ROWS + 1) * COLUMNS + 3]
    assert found.anchors.tolist() == [list(ANCHORS[anchor])]
    assert (found.columns.item(), found.rows.item()) == (3, 1)
    assert found.fits_best.all()


def test_iou_thresh_matches_further_anchors_of_similar_shape():
    found = match(yolo_computation([row(0, 0, 15)], "iou_thresh=.2"))
    assert found.box_indices.tolist() == [anchor * ROWS * COLUMNS for anchor in (0, 1, 2)]
    assert found.fits_best.tolist() == [False, True, False]


def test_a_truth_whose_best_anchor_belongs_to_another_head_is_not_matched():
    found = match(yolo_computation([row(0, 0, 40), row(0, 0, 8)], mask="0,1"))
    assert found.box_indices.tolist() == [0]
