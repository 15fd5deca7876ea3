"""Average IoU and recall, beside sums written out by hand."""

import numpy as np
import pytest

from darknet_torch.anchors.distances import (
    BLOCK,
    iou,
    iou_distance,
    nearest_by,
    squared_distance,
)
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.errors import UsageError


def plain_iou(box, anchor):
    shared = min(box[0], anchor[0]) * min(box[1], anchor[1])
    return shared / (box[0] * box[1] + anchor[0] * anchor[1] - shared)


SIZES = np.array([[10, 20], [20, 10], [30, 30], [10, 20], [3, 90]], np.float64)
ANCHORS = np.array([[10, 18], [28, 33]], np.float64)


def test_the_fit_is_the_mean_over_all_boxes_repeated_ones_too():
    best = [max(plain_iou(box, anchor) for anchor in ANCHORS) for box in SIZES]
    found = measure_fit(BoxSizes.from_sizes(SIZES), ANCHORS)
    assert found.average_iou == pytest.approx(np.mean(best), rel=1e-12)
    assert found.recall == np.mean(np.array(best) >= 0.5) == 0.6


def test_an_overlap_of_one_half_is_recalled():
    assert measure_fit(BoxSizes.from_sizes([[10, 10]]), np.array([[10.0, 5.0]])).recall == 1


@pytest.mark.parametrize("distance", [iou_distance, squared_distance])
@pytest.mark.parametrize("number", [1, BLOCK - 1, BLOCK, BLOCK * 2 + 3])
def test_the_nearest_anchor_is_that_of_a_plain_search(distance, number):
    random = np.random.default_rng(number)
    values, anchors = random.uniform(1, 100, (2, number)), random.uniform(1, 100, (7, 2))
    table = np.array([distance(values, anchor) for anchor in anchors])
    indices, distances = nearest_by(distance)(values, anchors)
    np.testing.assert_array_equal(indices, table.argmin(0))
    np.testing.assert_array_equal(distances, table.min(0))


def test_the_first_of_equally_near_anchors_counts():
    indices, _ = nearest_by(iou_distance)(np.array([[5.0], [5.0]]), np.full((3, 2), 5.0))
    assert indices.tolist() == [0]


def test_iou_of_boxes_that_share_a_centre():
    values = SIZES.T
    for anchor in ANCHORS:
        expected = [plain_iou(box, anchor) for box in SIZES]
        np.testing.assert_allclose(iou(values, anchor), expected, rtol=1e-12)


def test_sizes_are_sorted_and_counted():
    boxes = BoxSizes.from_sizes(SIZES)
    assert boxes.values.T.tolist() == [[3, 90], [10, 20], [20, 10], [30, 30]]
    assert boxes.counts.tolist() == [1, 2, 1, 1]
    assert (len(boxes), boxes.boxes) == (4, 5)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (np.empty((0, 2)), "no boxes"),
        ([[3, 0]], "without a size"),
        ([[-3, 1]], "without a size"),
        ([[np.nan, 1]], "without a size"),
    ],
)
def test_what_has_no_size_is_refused(sizes, message):
    with pytest.raises(UsageError, match=message):
        BoxSizes.from_sizes(sizes)
