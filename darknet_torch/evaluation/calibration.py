"""Whether scores are probabilities: how many detections of a score are correct. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from darknet_torch.evaluation.error_kinds import Outcomes

_BINS = 10


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

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def calibration_bins(outcomes: Outcomes) -> tuple[CalibrationBin, ...]:
    """Count the detections in each tenth of the scores."""
    counted = ~outcomes.are("ignored")
    scores, right = outcomes.detections.scores[counted], outcomes.are("correct")[counted]
    edges = np.arange(_BINS + 1) / _BINS
    places = np.searchsorted(edges.astype(np.float32), scores, side="left") - 1
    return tuple(
        _bin(float(edges[i]), float(edges[i + 1]), scores[places == i], right[places == i])
        for i in range(_BINS)
    )


def _bin(low: float, high: float, scores: np.ndarray, right: np.ndarray) -> CalibrationBin:
    if not len(scores):
        return CalibrationBin(low, high, 0, None, None)
    mean = float(scores.mean(dtype=np.float64))
    return CalibrationBin(low, high, len(scores), mean, float(right.mean()))


def calibration_error(bins: Sequence[CalibrationBin]) -> float | None:
    """Return the mean distance of score and fraction correct, 0-1; None without detections."""
    total = sum(one.detections for one in bins)
    distances = [
        one.detections * abs(one.mean_score - one.fraction_correct)
        for one in bins
        if one.mean_score is not None and one.fraction_correct is not None
    ]
    return sum(distances) / total if total else None
