"""What a detector does right and wrong on a data set: errors, curves, calibration. No torch.

One convention holds for all of it, COCO's: in each picture and class, detections are taken by
score, the highest first, and each is matched with the object, not yet matched, that it overlaps
most, if their IoU is at least 0.5. A detection counts at a threshold if its score is above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.evaluation.calibration import (
    CalibrationBin,
    calibration_bins,
    calibration_error,
)
from darknet_torch.evaluation.coco import CocoAp
from darknet_torch.evaluation.confusion import confusion_matrix
from darknet_torch.evaluation.error_kinds import KINDS, MISSED, Outcomes, find_outcomes
from darknet_torch.evaluation.greedy_matching import (
    MATCHED_FROM,
    overlapping_pairs,
    score_order,
)
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.object_sizes import SizeCounts, count_sizes
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.evaluation.threshold_curves import (
    ClassCurve,
    plain_thresholds,
    threshold_curves,
)

__all__ = [
    "KINDS",
    "MATCHED_FROM",
    "MISSED",
    "Analysis",
    "CalibrationBin",
    "ClassCurve",
    "Outcomes",
    "SizeCounts",
    "analyse",
]


@dataclass(frozen=True)
class Analysis:
    """All of it for one set of detections.

    Attributes:
        names: [C] names of the classes.
        confidence: the threshold of `confusion`, `sizes` and `errors`, 0-1.
        outcomes: of each detection and object.
        curves: [C + 1] one for each class, and the last for all together.
        calibration: [10] bins.
        expected_calibration_error: the mean distance of score and fraction correct, weighted by
            detections; None without any.
        confusion: [C + 1, C + 1] int64, at `confidence`. Rows are the classes of objects,
            columns those of detections, the last of both is background. A correct detection is
            on the diagonal. Of the others, by score, each is counted in the row of the object
            not yet found, of another class, that it overlaps most by 0.5 or more, once for an
            object; else in the last row. Objects that are left are in the last column.
        sizes: small, medium, large.
        errors: number of detections of each kind but "correct" and "ignored", and of missed
            objects, at `confidence`.
        files: [P] paths of the pictures, in the order of the data set.
    """

    names: tuple[str, ...]
    confidence: float
    outcomes: Outcomes
    curves: tuple[ClassCurve, ...]
    calibration: tuple[CalibrationBin, ...]
    expected_calibration_error: float | None
    confusion: np.ndarray
    sizes: tuple[SizeCounts, ...]
    errors: dict[str, int]
    files: tuple[str, ...] = ()

    def picture_errors(self) -> list[dict[str, str | int]]:
        """Return the path of each picture, and its number of `errors` of each kind."""
        counts = self.outcomes.errors_by_picture(self.confidence, len(self.files))
        columns = {name: column.tolist() for name, column in counts.items()}
        return [
            {"file": file, **{name: column[i] for name, column in columns.items()}}
            for i, file in enumerate(self.files)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; there are none of single detections."""
        return {
            "iou": MATCHED_FROM,
            "confidence": self.confidence,
            "errors": self.errors,
            "thresholds": plain_thresholds(),
            "curves": [curve.to_dict() for curve in self.curves],
            "calibration": [one.to_dict() for one in self.calibration],
            "expected_calibration_error": self.expected_calibration_error,
            "confusion": self.confusion.tolist(),
            "sizes": [size.to_dict() for size in self.sizes],
            "pictures": self.picture_errors(),
        }


def analyse(
    detections: DetectionTable,
    ground_truth: GroundTruth,
    coco: CocoAp,
    *,
    confidence: float,
    min_score: float = 0.0,
) -> Analysis:
    """Find what is right and wrong in a set of detections.

    Args:
        detections: the detections.
        ground_truth: the pictures and objects.
        coco: COCO's average precisions of the same detections.
        confidence: the threshold of the counts at a single threshold, 0-1.
        min_score: the score above which `detections` were kept, 0-1. Below it nothing is known:
            the curves over the threshold are level there, no best threshold lies there, and
            precision over recall ends at the recall that is reached with it.
    """
    truths, names = ground_truth.truths, ground_truth.names
    order = score_order(detections, ground_truth)
    pairs = overlapping_pairs(detections, ground_truth)
    outcomes = find_outcomes(detections, truths, pairs, order)
    bins = calibration_bins(outcomes)
    files = tuple(str(example.path) for example in ground_truth.data_set.examples)
    errors = outcomes.errors_by_picture(confidence, len(files))
    return Analysis(
        names,
        confidence,
        outcomes,
        threshold_curves(outcomes, order, names, min_score),
        bins,
        calibration_error(bins),
        confusion_matrix(outcomes, pairs, order, confidence=confidence, classes=len(names)),
        count_sizes(outcomes, ground_truth, coco, confidence=confidence),
        {name: int(counts.sum()) for name, counts in errors.items()},
        files,
    )
