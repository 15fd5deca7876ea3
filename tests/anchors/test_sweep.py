"""Sweeps over the number of anchors, and their elbow."""

import numpy as np
import pytest

from darknet_torch.anchors.kmeans import cluster
from darknet_torch.anchors.quality import AnchorFit, measure_fit
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.anchors.sweep import SweepPoint, elbow, sweep

random = np.random.default_rng(0)
BOXES = BoxSizes.from_sizes(np.exp(random.normal(3, 0.8, (400, 2))))


def points(*heights, first=3):
    return [
        SweepPoint(np.ones((first + index, 2)), AnchorFit(height, 1.0))
        for index, height in enumerate(heights)
    ]


@pytest.mark.parametrize(
    ("heights", "count"),
    [
        ((0.5, 0.7, 0.72, 0.74), 4),
        ((0.5, 0.6, 0.7, 0.71, 0.72), 5),
        ((0.5, 0.6), 3),
    ],
)
def test_the_elbow_is_highest_above_the_line(heights, count):
    assert elbow(points(*heights)).count == count


def test_a_sweep_has_the_anchors_of_each_count():
    found = sweep(BOXES, range(2, 5), lambda count: cluster(BOXES, count))
    assert [point.count for point in found] == [2, 3, 4]
    for point in found:
        np.testing.assert_array_equal(point.anchors, cluster(BOXES, point.count))
        assert point.fit == measure_fit(BOXES, point.anchors)
