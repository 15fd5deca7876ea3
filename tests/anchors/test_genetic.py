"""Genetic refinement of anchors."""

import numpy as np

from darknet_torch.anchors.genetic import refine
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.anchors.sizes import BoxSizes

random = np.random.default_rng(0)
BOXES = BoxSizes.from_sizes(np.exp(random.normal(3, 0.8, (500, 2))))
ANCHORS = np.array([[10.0, 10.0], [30.0, 20.0], [20.0, 60.0]])


def test_the_average_iou_improves_and_depends_on_the_seed():
    found = refine(BOXES, ANCHORS, generations=200, seed=1)
    assert measure_fit(BOXES, found).average_iou > measure_fit(BOXES, ANCHORS).average_iou + 0.01
    np.testing.assert_array_equal(found, refine(BOXES, ANCHORS, generations=200, seed=1))
    assert not np.array_equal(found, refine(BOXES, ANCHORS, generations=200, seed=2))


def test_more_generations_are_never_worse():
    fits = [
        measure_fit(BOXES, refine(BOXES, ANCHORS, generations=count)).average_iou
        for count in (0, 1, 10, 50)
    ]
    assert fits == sorted(fits)


def test_the_smallest_anchor_comes_first():
    areas = refine(BOXES, ANCHORS[::-1], generations=20).prod(1)
    assert areas.tolist() == sorted(areas)
