"""What a detector does right and wrong on a data set: errors, curves, calibration. No torch.

One convention holds for all of it, COCO's: in each picture and class, detections are taken by
score, the highest first, and each is matched with the object, not yet matched, that it overlaps
most, if their IoU is at least 0.5. A detection counts at a threshold if its score is above it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.evaluation.records import DetectionTable, TruthTable

MATCHED_FROM = 0.5  # IoU
# The kinds of detections, in the order of their codes in `Outcomes.kinds`.
KINDS = ("correct", "class", "place", "duplicate", "false", "ignored")
MISSED = "missed"  # the error of an object without a correct detection


@dataclass(frozen=True)
class Outcomes:
    """What each of K detections is, and by which one each of T objects was found.

    The kinds do not depend on a threshold, since a detection competes only with those of higher
    scores. In the order of `KINDS`:

    - correct: matched with an object;
    - class: overlaps an object of another class by an IoU of 0.5 or more;
    - place: overlaps an object of its class by 0.1 to 0.5;
    - duplicate: overlaps an object of its class by 0.5 or more that a better one is matched with;
    - false: none of these;
    - ignored: lies on a difficult object, and counts for nothing.

    Attributes:
        detections: the detections.
        truths: the objects.
        kinds: [K] uint8, index in `KINDS`.
        objects: [K] int64, index of the object that makes the kind, -1 for none.
        overlaps: [K] float64, IoU with it, 0 for none.
        found_by: [T] int64, index of the correct detection of each object, -1 for none.
    """

    detections: DetectionTable
    truths: TruthTable
    kinds: np.ndarray
    objects: np.ndarray
    overlaps: np.ndarray
    found_by: np.ndarray


@dataclass(frozen=True)
class ClassCurve:
    """Counts over the threshold of one class, or of all together.

    Attributes:
        name: of the class, "all" for all together.
        truths: number of objects, without difficult ones.
        thresholds: [101] 0, 0.01, ... 1.
        detections: [101] detections with scores above each threshold, without ignored ones.
        correct: [101] those of them that are correct.
        precision_at_recall: [101] COCO's precision at the recalls 0, 0.01, ... 1; its mean is
            COCO's AP at an IoU of 0.5. None where there are no objects.
        best_threshold: the one of `thresholds` with the highest F1, the smallest of several;
            None without objects or correct detections.
    """

    name: str
    truths: int
    thresholds: np.ndarray
    detections: np.ndarray
    correct: np.ndarray
    precision_at_recall: np.ndarray | None
    best_threshold: float | None


@dataclass(frozen=True)
class CalibrationBin:
    """The detections whose scores lie in one tenth of 0-1.

    Attributes:
        low, high: scores above `low`, up to `high`.
        detections: their number, without ignored ones.
        mean_score: 0-1, None without detections.
        fraction_correct: 0-1, None without detections.
    """

    low: float
    high: float
    detections: int
    mean_score: float | None
    fraction_correct: float | None


@dataclass(frozen=True)
class SizeCounts:
    """Objects of one of COCO's sizes, at `Analysis.confidence`.

    Attributes:
        name: "small", "medium" or "large".
        truths: number of objects, without difficult ones.
        found: those with a correct detection.
        ap: COCO's AP at .50 to .95 for this size; None without objects.
    """

    name: str
    truths: int
    found: int
    ap: float | None


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
