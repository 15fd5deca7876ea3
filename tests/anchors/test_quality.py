"""Average IoU and recall, compared with sums in plain Python."""

import numpy as np
import pytest

from darknet_torch.anchors.quality import measure_fit
from darknet_torch.anchors.sizes import BoxSizes


def plain_iou(box, anchor):
    shared = min(box[0], anchor[0]) * min(box[1], anchor[1])
    return shared / (box[0] * box[1] + anchor[0] * anchor[1] - shared)


SIZES = np.array([[10, 20], [20, 10], [30, 30], [10, 20], [3, 90]], np.float64)
ANCHORS = np.array([[10, 18], [28, 33]], np.float64)


def test_the_average_iou_counts_repeated_boxes():
    best = [max(plain_iou(box, anchor) for anchor in ANCHORS) for box in SIZES]
    found = measure_fit(BoxSizes.from_sizes(SIZES), ANCHORS)
    assert found.average_iou == pytest.approx(np.mean(best), rel=1e-12)
    assert found.recall == np.mean(np.array(best) >= 0.5) == 0.6


def test_an_iou_of_one_half_counts_as_recalled():
    assert measure_fit(BoxSizes.from_sizes([[10, 10]]), np.array([[10.0, 5.0]])).recall == 1
