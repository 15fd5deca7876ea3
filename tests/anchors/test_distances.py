"""Distances, compared with plain Python."""

import numpy as np
import pytest

from darknet_torch.anchors.distances import (
    BLOCK,
    iou,
    iou_distance,
    nearest_by,
    squared_distance,
)

SIZES = np.array([[10, 20], [20, 10], [30, 30], [10, 20], [3, 90]], np.float64)
ANCHORS = np.array([[10, 18], [28, 33]], np.float64)


def plain_iou(box, anchor):
    shared = min(box[0], anchor[0]) * min(box[1], anchor[1])
    return shared / (box[0] * box[1] + anchor[0] * anchor[1] - shared)


@pytest.mark.parametrize("distance", [iou_distance, squared_distance])
@pytest.mark.parametrize("number", [1, BLOCK - 1, BLOCK, BLOCK * 2 + 3])
def test_the_nearest_anchor_matches_an_exhaustive_search(distance, number):
    random = np.random.default_rng(number)
    values, anchors = random.uniform(1, 100, (2, number)), random.uniform(1, 100, (7, 2))
    table = np.array([distance(values, anchor) for anchor in anchors])
    indices, distances = nearest_by(distance)(values, anchors)
    np.testing.assert_array_equal(indices, table.argmin(0))
    np.testing.assert_array_equal(distances, table.min(0))


def test_the_first_of_equally_near_anchors_is_taken():
    indices, _ = nearest_by(iou_distance)(np.array([[5.0], [5.0]]), np.full((3, 2), 5.0))
    assert indices.tolist() == [0]


def test_the_iou_of_boxes_with_the_same_centre():
    values = SIZES.T
    for anchor in ANCHORS:
        expected = [plain_iou(box, anchor) for box in SIZES]
        np.testing.assert_allclose(iou(values, anchor), expected, rtol=1e-12)
