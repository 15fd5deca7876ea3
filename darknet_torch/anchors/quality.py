"""Measures how well anchors fit boxes: average IoU and recall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.anchors.distances import iou_distance, nearest_by
from darknet_torch.anchors.sizes import BoxSizes

RECALL_AT = 0.5

nearest_by_iou = nearest_by(iou_distance)


@dataclass(frozen=True)
class AnchorFit:
    """A measure of how well anchors fit boxes; each box is compared with its nearest anchor.

    Attributes:
        average_iou: mean IoU of all boxes, 0-1.
        recall: fraction of the boxes whose IoU is at least `RECALL_AT`, 0-1.
    """

    average_iou: float
    recall: float


def measure_fit(boxes: BoxSizes, anchors: np.ndarray) -> AnchorFit:
    """Measure how well [k, 2] anchors fit boxes. Source: detector.c calc_anchors (AlexeyAB)."""
    overlaps = 1 - nearest_by_iou(boxes.values, anchors)[1]
    return AnchorFit(
        float(np.average(overlaps, weights=boxes.counts)),
        float(np.average(overlaps >= RECALL_AT, weights=boxes.counts)),
    )
