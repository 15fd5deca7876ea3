"""Where two detectors agree on pictures, and where they do not. No torch.

Two detections of the same picture and class agree if their IoU is at least 0.5. Each is taken for
one pair at most: pairs are made by the lower score of the two, the highest first. So the pairs
among the detections above a threshold are those of all detections whose lower score is above it,
and what is found for all of them holds at every threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from darknet_torch.evaluation.analysis import MATCHED_FROM
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.evaluation.threshold_curves import count_above
from darknet_torch.results.boxes import box_iou, cxcywh_to_xyxy

BOTH, OTHER_CLASS, ONLY = "both", "other class", "only"


@dataclass(frozen=True)
class Agreement:
    """What another detector says about the K detections of a detector.

    At a threshold a detection above it is one of `BOTH` if `agreed` is above it, else one of
    `OTHER_CLASS` if `contradicted` is above it, else one of `ONLY`.

    Attributes:
        detections: the detections.
        agreed: [K] float32, the lower score of the pair with one of the other detector, 0 for
            none.
        contradicted: [K] float32, the highest score of the other detector's detections of other
            classes that this one overlaps by an IoU of 0.5 or more, its own if that is lower; 0
            for none.
    """

    detections: DetectionTable
    agreed: np.ndarray
    contradicted: np.ndarray

    def counts(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Count some of the detections at the thresholds 0, 0.01, ... 1.

        Args:
            rows: [K] bool, those to count.

        Returns:
            The kinds -> [101] int64.
        """
        agreed, contradicted = self.agreed[rows], self.contradicted[rows]
        both = count_above(agreed)
        either = count_above(np.maximum(agreed, contradicted))
        every = count_above(self.detections.scores[rows])
        return {BOTH: both, OTHER_CLASS: either - both, ONLY: every - either}

    def disagrees(self, threshold: float) -> np.ndarray:
        """Return [K] bool, which detections are above a threshold, but none of `BOTH`."""
        limit = np.float32(threshold)
        return (self.detections.scores > limit) & (self.agreed <= limit)


def compare_detections(
    first: DetectionTable, second: DetectionTable
) -> tuple[Agreement, Agreement]:
    """Compare the detections of two detectors on the same pictures.

    Args:
        first, second: their class ids mean the same classes.

    Returns:
        What the second says about the detections of the first, and the reverse.
    """
    results = tuple(
        Agreement(table, np.zeros(len(table), np.float32), np.zeros(len(table), np.float32))
        for table in (first, second)
    )
    for rows in _rows_by_picture(first, second):
        _compare_picture(results, rows)
    return results[0], results[1]


def _rows_by_picture(
    first: DetectionTable, second: DetectionTable
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows of each picture that has detections of both, in both tables."""
    for picture in np.intersect1d(first.pictures, second.pictures):
        yield _rows_of(first, picture), _rows_of(second, picture)


def _rows_of(table: DetectionTable, picture: int) -> np.ndarray:
    """Return the rows of a picture; a table has them one picture after the other."""
    start, end = np.searchsorted(table.pictures, (picture, picture + 1))
    return np.arange(start, end)


def _compare_picture(results: tuple[Agreement, ...], rows: tuple[np.ndarray, np.ndarray]) -> None:
    """Fill in what is found for the detections of one picture."""
    first, second = (one.detections.select(part) for one, part in zip(results, rows, strict=True))
    overlapping = _overlaps(first, second) >= MATCHED_FROM
    same = first.class_ids[:, None] == second.class_ids[None]
    lower = np.minimum(first.scores[:, None], second.scores[None])
    for i, j in _pairs(overlapping & same, lower, first.scores, second.scores):
        results[0].agreed[rows[0][i]] = results[1].agreed[rows[1][j]] = lower[i, j]
    contradicting = np.where(overlapping & ~same, lower, np.float32(0))
    results[0].contradicted[rows[0]] = contradicting.max(1)
    results[1].contradicted[rows[1]] = contradicting.max(0)


def _overlaps(first: DetectionTable, second: DetectionTable) -> np.ndarray:
    """Return the IoU of each pair of detections, [K, L]; NaN for boxes that are not finite."""
    boxes, others = (cxcywh_to_xyxy(table.boxes.astype(float)) for table in (first, second))
    shape = len(boxes), len(others), 4
    pairs = (np.broadcast_to(boxes[:, None], shape), np.broadcast_to(others[None], shape))
    with np.errstate(invalid="ignore"):
        return box_iou(*(pair.reshape(-1, 4) for pair in pairs)).reshape(shape[:2])


def _pairs(
    possible: np.ndarray, lower: np.ndarray, scores: np.ndarray, others: np.ndarray
) -> Iterator[tuple[int, int]]:
    """Yield pairs by their lower score, of equal ones by their higher score, each index once.

    Args:
        possible: [K, L] bool, which pairs may be made.
        lower: [K, L] the lower score of each pair.
        scores, others: [K] and [L] scores.
    """
    rows, columns = np.nonzero(possible)
    higher = np.maximum(scores[rows], others[columns])
    order = np.lexsort((-higher, -lower[rows, columns]))
    taken: tuple[set[int], set[int]] = (set(), set())
    for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            yield i, j
