"""The counts of an evaluation over the threshold, as its page shows them. No torch."""

from __future__ import annotations

import numpy as np

from darknet_torch.evaluation.analysis import MISSED, Analysis
from darknet_torch.evaluation.error_kinds import WRONG_KINDS
from darknet_torch.evaluation.threshold_curves import count_above
from darknet_torch.report.content import ClassCounts
from darknet_torch.report.evaluation_pictures import BOX_KINDS

_LABELS = {kind.name: kind.label for kind in BOX_KINDS}


def evaluation_counts(analysis: Analysis) -> tuple[ClassCounts, ...]:
    """Return the counts of each class and of all together: those of the curves, and the errors.

    Detections that are ignored are not counted.
    """
    wrong = {_LABELS[kind]: _counts_of(analysis, kind) for kind in WRONG_KINDS}
    return tuple(
        ClassCounts(
            curve.name,
            {
                "objects": [curve.truths] * len(curve.thresholds),
                "detections": curve.detections.tolist(),
                _LABELS["correct"]: curve.correct.tolist(),
                _LABELS[MISSED]: (curve.truths - curve.correct).tolist(),
                **{label: counts[index].tolist() for label, counts in wrong.items()},
            },
        )
        for index, curve in enumerate(analysis.curves)
    )


def _counts_of(analysis: Analysis, kind: str) -> np.ndarray:
    """Return [C + 1, 101] the detections of a kind, of each class and of all together."""
    outcomes = analysis.outcomes
    found = outcomes.detections.select(outcomes.are(kind))
    classes = range(len(analysis.names))
    return np.array(
        [
            *(count_above(found.scores[found.class_ids == i]) for i in classes),
            count_above(found.scores),
        ]
    )
