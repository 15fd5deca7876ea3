"""Genetic refinement of anchors: random changes, kept if the anchors fit better."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from darknet_torch.anchors.kmeans import sort_by_area
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.anchors.sizes import BoxSizes

# After k-means the anchors are nearly optimal, so large changes, or changes of many numbers at
# once, are hardly ever kept. Measured from 0.2 to 0.9 and from 0.01 to 0.1.
_CHANGED = 0.2  # fraction of the numbers that a generation changes
_SPREAD = 0.02  # standard deviation of the change of a number's logarithm


def refine(
    boxes: BoxSizes,
    anchors: np.ndarray,
    *,
    generations: int,
    seed: int = 0,
    advance: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
    """Improve the average IoU of anchors by random changes; it never gets worse.

    Args:
        boxes: the box sizes.
        anchors: [k, 2] widths and heights.
        generations: number of changes to try.
        seed: the same arguments and the same seed give the same anchors.
        advance: called with 1 after each generation.

    Returns:
        [k, 2], smallest area first.
    """
    random = np.random.default_rng(seed)
    best = measure_fit(boxes, anchors).average_iou
    for _ in range(generations):
        changed = random.random(anchors.shape) < _CHANGED
        factors = np.where(changed, np.exp(random.normal(0, _SPREAD, anchors.shape)), 1)
        tried = anchors * factors
        found = measure_fit(boxes, tried).average_iou
        if found > best:
            anchors, best = tried, found
        advance(1)
    return sort_by_area(anchors)
