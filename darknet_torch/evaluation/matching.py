"""Which object a detection means. No torch.

Darknet and Pascal VOC agree on the principle: a detection means the object of its class that
it overlaps most, taken or not, and only the first detection of an object is right. They
differ in the overlap, the order of the detections and what is done with difficult objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from darknet_torch.evaluation.records import DetectionTable, Truths

NONE = -1  # the place of no truth

Overlap = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Matches:
    """The best object of each detection.

    Attributes:
        truths: [K] int64, its place among the truths; `NONE` without one of the class in the
            picture.
        overlaps: [K] their overlap, 0-1; 0 without one.
    """

    truths: np.ndarray
    overlaps: np.ndarray

    def above(self, accepted: np.ndarray) -> np.ndarray:
        """[K] the truths where `accepted` [K], else `NONE`."""
        return np.where(accepted & (self.truths != NONE), self.truths, NONE)


def best_truths(
    found_boxes: np.ndarray,
    truth_boxes: np.ndarray,
    found: DetectionTable,
    truths: Truths,
    iou: Overlap,
) -> Matches:
    """For each detection the object of its class and picture that it overlaps most.

    Of equal overlaps the first object counts.

    Args:
        found_boxes: [K, 4] the boxes of `found`, in the form that `iou` takes.
        truth_boxes: [T, 4] the boxes of `truths`.
        found, truths: pictures and classes of both.
        iou: overlap of [P, 4] with [P, 4], pair by pair.
    """
    detections, objects = _pairs(found, truths)
    overlaps = iou(found_boxes[detections], truth_boxes[objects])
    # By detection, then by overlap; stable, and objects stand in order.
    order = np.lexsort((-overlaps, detections))
    matched, first = np.unique(detections[order], return_index=True)
    best = order[first]
    result = Matches(np.full(len(found), NONE, np.int64), np.zeros(len(found), overlaps.dtype))
    result.truths[matched] = objects[best]
    result.overlaps[matched] = overlaps[best]
    return result


def _pairs(found: DetectionTable, truths: Truths) -> tuple[np.ndarray, np.ndarray]:
    """Every (detection, object) [P] of the same class and picture."""
    classes = 1 + max(found.class_ids.max(initial=0), truths.class_ids.max(initial=0))
    wanted = found.pictures * classes + found.class_ids
    keys = truths.pictures * classes + truths.class_ids
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts, ends = np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, side="right")
    counts = ends - starts
    detections = np.repeat(np.arange(len(found)), counts)
    offsets = np.arange(len(detections)) - np.repeat(counts.cumsum() - counts, counts)
    return detections, order[np.repeat(starts, counts) + offsets]


def first_claims(claimed: np.ndarray) -> np.ndarray:
    """[K] whether a detection is the first to claim its object.

    Args:
        claimed: [K] the objects claimed, in order; `NONE` is no object.
    """
    first = np.zeros(len(claimed), bool)
    objects, places = np.unique(claimed, return_index=True)
    first[places[objects != NONE]] = True
    return first
