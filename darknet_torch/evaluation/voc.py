"""Average precision as Pascal VOC's development kit computes it. No torch.

Source: VOCdevkit VOCevaldet.m. A box includes the pixels at both of its ends. A detection is right
if its overlap is at least the threshold, and detections of difficult objects do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.evaluation.curves import Curve
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.matching import NONE, best_truths, first_matches
from darknet_torch.evaluation.records import DetectionTable

POINTS_2007 = 11


@dataclass(frozen=True)
class VocAp:
    """Both of Pascal VOC's average precisions at one overlap.

    Attributes:
        iou: a detection is right if its overlap with an object is at least this, 0-1.
        names: [C] names of the classes.
        truths: [C] number of objects of each class that are not difficult.
        by_points: [C] the mean of the precision at 11 recalls, as in 2007; None for a class
            without objects.
        by_area: [C] the area under the curve, as since 2010; None for a class without
            objects.
    """

    iou: float
    names: tuple[str, ...]
    truths: tuple[int, ...]
    by_points: tuple[float | None, ...]
    by_area: tuple[float | None, ...]

    @property
    def mean_by_points(self) -> float | None:
        """The mean of `by_points` over the classes that have objects; None if there are none."""
        return mean_of(self.by_points)

    @property
    def mean_by_area(self) -> float | None:
        """The mean of `by_area` over the classes that have objects; None if there are none."""
        return mean_of(self.by_area)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; average precisions are in 0-1."""
        rows = zip(self.names, self.truths, self.by_points, self.by_area, strict=True)
        return {
            "iou": self.iou,
            "map_07": self.mean_by_points,
            "map_10": self.mean_by_area,
            "classes": [
                {"class_id": i, "name": name, "truths": truths, "ap_07": points, "ap_10": area}
                for i, (name, truths, points, area) in enumerate(rows)
            ],
        }


def voc_ap(detections: DetectionTable, ground_truth: GroundTruth, *, iou: float = 0.5) -> VocAp:
    """Compute average precision as Pascal VOC does.

    Args:
        detections: in any order; detections of equal score count in this order.
        ground_truth: the pictures and objects.
        iou: a detection is right if its overlap with an object is at least this, 0-1.
    """
    detections, truths = detections.by_score(), ground_truth.truths
    matches = best_truths(
        ground_truth.clipped_boxes_xyxy(detections),
        ground_truth.boxes_xyxy(truths.pictures, truths.boxes),
        detections,
        truths,
        inclusive_iou,
    )
    matched = matches.where(matches.overlaps >= iou)
    counted = (matched == NONE) | ~np.append(truths.difficult, False)[matched]
    right = first_matches(matched)
    objects = truths.select(~truths.difficult).count(len(ground_truth.names))
    curves = []
    for class_id, count in enumerate(objects):
        rows = counted & (detections.class_ids == class_id)
        curves.append(Curve.from_hits(right[rows], int(count)))
    return VocAp(
        iou,
        ground_truth.names,
        tuple(objects.tolist()),
        tuple(
            c.at_points(POINTS_2007) if n else None for c, n in zip(curves, objects, strict=True)
        ),
        tuple(c.area() if n else None for c, n in zip(curves, objects, strict=True)),
    )


def inclusive_iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute the IoU of P pairs of boxes that include the pixels at both of their ends.

    Args:
        one, other: [P, 4] left, top, right, bottom in pixels.

    Returns:
        [P] IoU, 0-1.
    """
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2]) + 1
    intersection = np.prod(np.maximum(sides, 0), 1)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2] + 1, 1) for boxes in (one, other)]
    return intersection / (areas[0] + areas[1] - intersection)


def mean_of(values: tuple[float | None, ...]) -> float | None:
    """Return the mean of the values that are not None; None if there are none."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
