"""Which classes a detector takes for which. No torch."""

from __future__ import annotations

import numpy as np

from darknet_torch.evaluation.error_kinds import WRONG_KINDS, Outcomes
from darknet_torch.evaluation.greedy_matching import MATCHED_FROM, Pairs, match_greedily


def confusion_matrix(
    outcomes: Outcomes, pairs: Pairs, order: np.ndarray, *, confidence: float, classes: int
) -> np.ndarray:
    """Count objects and detections by both of their classes.

    Args:
        outcomes: of each detection.
        pairs: of `overlapping_pairs`.
        order: [K] of `score_order`.
        confidence: detections with scores above this count, 0-1.
        classes: number of classes, C.

    Returns:
        [C + 1, C + 1] int64, see `Analysis.confusion`.
    """
    truths, detections = outcomes.truths, outcomes.detections
    shown = outcomes.above(confidence)
    found = outcomes.found(confidence)
    wrong = outcomes.are(*WRONG_KINDS) & shown
    left = ~truths.difficult & ~found
    possible = pairs.select(
        (pairs.overlaps >= MATCHED_FROM)
        & wrong[pairs.detections]
        & left[pairs.objects]
        & (detections.class_ids[pairs.detections] != truths.class_ids[pairs.objects])
    )
    taken = match_greedily(possible, order, truths.difficult)
    wrong[taken.detections] = left[taken.objects] = False
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    np.add.at(counts, (truths.class_ids[found], truths.class_ids[found]), 1)
    rows, columns = truths.class_ids[taken.objects], detections.class_ids[taken.detections]
    np.add.at(counts, (rows, columns), 1)
    np.add.at(counts, (classes, detections.class_ids[wrong]), 1)
    np.add.at(counts, (truths.class_ids[left], classes), 1)
    return counts
