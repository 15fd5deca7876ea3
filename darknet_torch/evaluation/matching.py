"""Matching detections with ground truth objects. No torch.

Darknet and Pascal VOC agree on the principle: a detection is matched with the object of its class
that it overlaps most, even if an earlier detection was matched with it, and only the first
detection of an object is right. They differ in the overlap, in the order of the detections and in
the treatment of difficult objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from darknet_torch.evaluation.records import DetectionTable, TruthTable

NONE = -1  # the index of no object
_MOST_PAIRS = 2**20  # of a detection and an object, whose overlaps take memory at once

Overlap = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Matches:
    """The object that each of K detections overlaps most.

    Attributes:
        truths: [K] int64, index of the object; `NONE` if the picture has none of the class.
        overlaps: [K] the overlap with it, 0-1; 0 if there is none.
    """

    truths: np.ndarray
    overlaps: np.ndarray

    def where(self, accepted: np.ndarray) -> np.ndarray:
        """Return [K] `truths` where `accepted` [K] is true, else `NONE`."""
        return np.where(accepted & (self.truths != NONE), self.truths, NONE)


def best_truths(
    detection_boxes: np.ndarray,
    truth_boxes: np.ndarray,
    detections: DetectionTable,
    truths: TruthTable,
    iou: Overlap,
) -> Matches:
    """Find for each detection the object of its class and picture that it overlaps most.

    If overlaps are equal, the first object counts.

    Args:
        detection_boxes: [K, 4] the boxes of the detections, in the format that `iou` takes.
        truth_boxes: [T, 4] the boxes of the objects, in the same format.
        detections, truths: give the picture and the class of each box.
        iou: computes the overlap of [P, 4] with [P, 4], pair by pair.
    """
    classes = 1 + max(detections.class_ids.max(initial=0), truths.class_ids.max(initial=0))
    wanted = detections.pictures * classes + detections.class_ids
    keys = truths.pictures * classes + truths.class_ids
    parts = [
        _best_pairs(
            rows,
            objects,
            iou(detection_boxes[part][rows], truth_boxes[objects]),
            len(wanted[part]),
        )
        for part, rows, objects in pairs_with_equal_keys(wanted, keys)
    ]
    return Matches(
        np.concatenate([part.truths for part in parts]),
        np.concatenate([part.overlaps for part in parts]),
    )


def _best_pairs(
    rows: np.ndarray, objects: np.ndarray, overlaps: np.ndarray, count: int
) -> Matches:
    """Compute `best_truths` of `count` detections from their pairs with objects."""
    # Sort by detection, then by overlap. The sort is stable and the objects of a detection are
    # in order, so the first object with the largest overlap wins.
    order = np.lexsort((-overlaps, rows))
    matched, first = np.unique(rows[order], return_index=True)
    best = order[first]
    result = Matches(np.full(count, NONE, np.int64), np.zeros(count, overlaps.dtype))
    result.truths[matched] = objects[best]
    result.overlaps[matched] = overlaps[best]
    return result


def pairs_with_equal_keys(
    wanted: np.ndarray, keys: np.ndarray
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield the indices of all pairs of a detection and an object with the same key, in parts.

    A part has about `_MOST_PAIRS` pairs, or one detection: many objects in one picture would
    otherwise take gigabytes.

    Args:
        wanted: [K] integers, the keys of the detections, such as their pictures.
        keys: [T] integers, the keys of the objects.

    Yields:
        Detections in their order, as a slice; and of P pairs the detections, ascending indices
        into the slice, and the objects, ascending for each detection.
    """
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.searchsorted(keys, wanted)
    counts = np.searchsorted(keys, wanted, side="right") - starts
    cuts = np.flatnonzero(np.diff(counts.cumsum() // _MOST_PAIRS)) + 1
    for begin, end in pairwise([0, *cuts.tolist(), len(wanted)]):
        part = slice(begin, end)
        number = counts[part]
        rows = np.repeat(np.arange(end - begin), number)
        offsets = np.arange(len(rows)) - np.repeat(number.cumsum() - number, number)
        yield part, rows, order[np.repeat(starts[part], number) + offsets]


def first_matches(matched: np.ndarray) -> np.ndarray:
    """Return which detections are the first that are matched with their object.

    Args:
        matched: [K] index of the object of each detection, in order; `NONE` for no object.

    Returns:
        [K] bool.
    """
    first = np.zeros(len(matched), bool)
    objects, indices = np.unique(matched, return_index=True)
    first[indices[objects != NONE]] = True
    return first
