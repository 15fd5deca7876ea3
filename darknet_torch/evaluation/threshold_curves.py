"""Precision, recall and F1 over the threshold, and precision over recall. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.evaluation.curves import Curve
from darknet_torch.evaluation.error_kinds import Outcomes

_STEPS = 100
THRESHOLDS = (np.arange(_STEPS + 1) / _STEPS).astype(np.float32)  # of curves: 0, 0.01, ... 1
ALL = "all"  # the name of the curve of all classes together


@dataclass(frozen=True)
class ClassCurve:
    """Counts over the threshold of one class, or of all together.

    Attributes:
        name: of the class, "all" for all together.
        truths: number of objects, without difficult ones.
        thresholds: [101] float32, 0, 0.01, ... 1.
        detections: [101] detections with scores above each threshold, without ignored ones.
        correct: [101] those of them that are correct.
        precision_at_recall: [101] COCO's precision at the recalls 0, 0.01, ... 1; its mean is
            COCO's AP at an IoU of 0.5. None where there are no objects. Of all together it is
            the mean over the classes that have objects.
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

    @property
    def best_index(self) -> int | None:
        """The index of `best_threshold` in `thresholds`; None without one."""
        return None if self.best_threshold is None else threshold_index(self.best_threshold)

    @property
    def precision(self) -> np.ndarray:
        """[101] float64, 0-1; NaN where there are no detections."""
        return _ratio(self.correct, self.detections)

    @property
    def recall(self) -> np.ndarray:
        """[101] float64, 0-1; NaN without objects."""
        return _ratio(self.correct, np.full_like(self.correct, self.truths))

    @property
    def f1(self) -> np.ndarray:
        """[101] float64, 0-1; NaN where there are neither detections nor objects."""
        return f1(self.correct, self.detections, self.truths)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without `thresholds`; None where a ratio has no value."""
        precisions = self.precision_at_recall
        return {
            "name": self.name,
            "truths": self.truths,
            "best_threshold": self.best_threshold,
            "ap_50": None if precisions is None else float(precisions.mean()),
            "detections": self.detections.tolist(),
            "correct": self.correct.tolist(),
            "precision": _without_nan(self.precision),
            "recall": _without_nan(self.recall),
            "f1": _without_nan(self.f1),
            "precision_at_recall": None if precisions is None else precisions.tolist(),
        }


def threshold_curves(
    outcomes: Outcomes, order: np.ndarray, names: Sequence[str], min_score: float
) -> tuple[ClassCurve, ...]:
    """Compute the curves of each class, and then of all together.

    Args:
        outcomes: of each detection.
        order: [K] of `score_order`.
        names: [C] names of the classes.
        min_score: no best threshold is below this, 0-1.
    """
    truths = outcomes.truths.select(~outcomes.truths.difficult).count(len(names)).tolist()
    counted = order[~outcomes.are("ignored")[order]]
    scores, right = outcomes.detections.scores[counted], outcomes.are("correct")[counted]
    classes = outcomes.detections.class_ids[counted]
    found = [
        _curve(name, count, scores[rows], right[rows], min_score)
        for rows, name, count in zip(
            (classes == class_id for class_id in range(len(names))), names, truths, strict=True
        )
    ]
    return *found, _together(found, min_score)


def _curve(
    name: str, truths: int, scores: np.ndarray, right: np.ndarray, min_score: float
) -> ClassCurve:
    """Compute the curves of a class from its detections by score, the highest first."""
    detections, correct = count_above(scores), count_above(scores[right])
    # COCO's own recalls: other roundings of the same choose another detection.
    recalls = np.linspace(0, 1, _STEPS + 1)
    return ClassCurve(
        name,
        truths,
        THRESHOLDS,
        detections,
        correct,
        Curve.from_hits(right, truths).precision_at(recalls) if truths else None,
        _best_threshold(correct, detections, truths, min_score),
    )


def _together(curves: Sequence[ClassCurve], min_score: float) -> ClassCurve:
    """Add the counts of the classes, and average their precisions."""
    truths = sum(curve.truths for curve in curves)
    none = np.zeros(_STEPS + 1, np.int64)
    detections = sum((curve.detections for curve in curves), start=none)
    correct = sum((curve.correct for curve in curves), start=none)
    known = [one.precision_at_recall for one in curves if one.precision_at_recall is not None]
    return ClassCurve(
        ALL,
        truths,
        THRESHOLDS,
        detections,
        correct,
        np.mean(known, 0) if known else None,
        _best_threshold(correct, detections, truths, min_score),
    )


def count_above(scores: np.ndarray) -> np.ndarray:
    """Return how many scores are above each of `THRESHOLDS`, [101] int64."""
    return len(scores) - np.searchsorted(np.sort(scores), THRESHOLDS, side="right")


def plain_thresholds() -> list[float]:
    """Return `THRESHOLDS` for JSON: 0.0, 0.01, ... 1.0, without the digits of a float32."""
    return [step / _STEPS for step in range(_STEPS + 1)]


def threshold_index(threshold: float) -> int:
    """Return the index of the one of `THRESHOLDS` that is nearest to a threshold."""
    return min(max(round(threshold * _STEPS), 0), _STEPS)


def _best_threshold(
    correct: np.ndarray, detections: np.ndarray, truths: int, min_score: float
) -> float | None:
    """Return the threshold with the highest F1 from `min_score` on; None without a correct one."""
    allowed = np.float32(min_score) <= THRESHOLDS
    values = np.where(allowed & (correct > 0), f1(correct, detections, truths), 0)
    return int(values.argmax()) / _STEPS if values.any() else None


def f1(correct: np.ndarray, detections: np.ndarray, truths: int) -> np.ndarray:
    """Return the harmonic mean of precision and recall, NaN if there is nothing at all."""
    return _ratio(2 * correct, detections + truths)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide counts; NaN where the divisor is 0."""
    return np.where(whole == 0, np.nan, part / np.where(whole == 0, 1, whole))


def _without_nan(values: np.ndarray) -> list[float | None]:
    """Return plain numbers, None for NaN, which JSON does not have."""
    return [None if value != value else value for value in values.tolist()]
