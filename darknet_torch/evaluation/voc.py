"""Average precision as Pascal VOC's development kit counts it. No torch.

Source: VOCdevkit VOCevaldet.m: pixels are counted at both ends of a box, a detection is right
from the overlap on, and difficult objects neither help nor hurt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.evaluation.curves import Curve
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.matching import NONE, best_truths, first_claims
from darknet_torch.evaluation.records import DetectionTable

POINTS_2007 = 11


@dataclass(frozen=True)
class VocAp:
    """Both of Pascal VOC's average precisions at one overlap.

    Attributes:
        iou: overlap from which a detection is right, 0-1.
        names: [C] of the classes.
        truths: [C] objects that are not difficult.
        by_points: [C] the mean of the precision at 11 recalls, as of 2007; None for a class
            without objects.
        by_area: [C] the area below the curve, as since 2010.
    """

    iou: float
    names: tuple[str, ...]
    truths: tuple[int, ...]
    by_points: tuple[float | None, ...]
    by_area: tuple[float | None, ...]

    @property
    def mean_by_points(self) -> float | None:
        """Over the classes that have objects; None if there are none."""
        return mean_of(self.by_points)

    @property
    def mean_by_area(self) -> float | None:
        """See `mean_by_points`."""
        return mean_of(self.by_area)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, parts in 0-1."""
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


def voc_ap(found: DetectionTable, ground_truth: GroundTruth, *, iou: float = 0.5) -> VocAp:
    """Average precision as Pascal VOC counts it.

    Args:
        found: in any order; equal scores count in this order.
        ground_truth: what there is.
        iou: overlap from which a detection is right, 0-1.
    """
    found, truths = found.by_score(), ground_truth.truths
    matches = best_truths(
        ground_truth.clipped_boxes_xyxy(found),
        ground_truth.boxes_xyxy(truths.pictures, truths.boxes),
        found,
        truths,
        inclusive_iou,
    )
    claimed = matches.above(matches.overlaps >= iou)
    counted = (claimed == NONE) | ~np.append(truths.difficult, False)[claimed]
    right = first_claims(claimed)
    objects = truths.select(~truths.difficult).count(len(ground_truth.names))
    curves = []
    for class_id, count in enumerate(objects):
        rows = counted & (found.class_ids == class_id)
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
    """[P] overlap of [P, 4] with [P, 4], pixels from the first to the last, pair by pair."""
    sides = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2]) + 1
    inside = np.prod(np.maximum(sides, 0), 1)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2] + 1, 1) for boxes in (one, other)]
    return inside / (areas[0] + areas[1] - inside)


def mean_of(values: tuple[float | None, ...]) -> float | None:
    """The mean of those that are there."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
