"""What each detection is: right, or wrong in which way; and which objects are missed. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.evaluation.greedy_matching import (
    MATCHED_FROM,
    Pairs,
    among_the_first,
    match_greedily,
)
from darknet_torch.evaluation.matching import NONE
from darknet_torch.evaluation.records import DetectionTable, TruthTable

# The kinds of detections, in the order of their codes in `Outcomes.kinds`.
KINDS = ("correct", "class", "place", "duplicate", "false", "ignored")
CODES = {name: code for code, name in enumerate(KINDS)}
MISSED = "missed"  # the error of an object without a correct detection
WRONG_KINDS = tuple(kind for kind in KINDS if kind not in ("correct", "ignored"))
ERRORS = (MISSED, *WRONG_KINDS)


@dataclass(frozen=True)
class Outcomes:
    """What each of K detections is, and by which one each of T objects was found.

    The kinds do not depend on a threshold, since a detection competes only with those of higher
    scores. In the order of `KINDS`:

    - correct: matched with an object;
    - class: overlaps an object of another class by an IoU of 0.5 or more, and none of its own
      class as much;
    - place: overlaps an object of its class by 0.1 to 0.5, and none by more;
    - duplicate: overlaps an object of its class by 0.5 or more that a better one is matched with;
    - false: none of these;
    - ignored: lies on a difficult object of its class, or there are 100 better ones of its class
      in the picture, where COCO ends; counts for nothing.

    Difficult objects make no other kind.

    Attributes:
        detections: the detections.
        truths: the objects.
        kinds: [K] uint8, index in `KINDS`.
        objects: [K] int64, index of the object that makes the kind, -1 for none.
        overlaps: [K] float64, IoU with it, 0 for none; of an ignored detection the part of its
            area that lies on the object.
        found_by: [T] int64, index of the correct detection of each object, -1 for none, and for
            difficult objects.
    """

    detections: DetectionTable
    truths: TruthTable
    kinds: np.ndarray
    objects: np.ndarray
    overlaps: np.ndarray
    found_by: np.ndarray

    def are(self, *kinds: str) -> np.ndarray:
        """Return [K] bool, whether each detection is of one of `kinds`."""
        return np.isin(self.kinds, [CODES[kind] for kind in kinds])

    def above(self, threshold: float) -> np.ndarray:
        """Return [K] bool, whether the score of each detection is above `threshold`."""
        return self.detections.scores > np.float32(threshold)

    def found(self, threshold: float) -> np.ndarray:
        """Return [T] bool, whether each object's correct detection is above `threshold`."""
        return np.append(self.above(threshold), False)[self.found_by]  # NONE is the last

    def errors_by_picture(self, threshold: float, pictures: int) -> dict[str, np.ndarray]:
        """Count the errors in each picture.

        Args:
            threshold: detections with scores above this count, 0-1.
            pictures: number of pictures, P.

        Returns:
            Name in `ERRORS` -> [P] int64.
        """
        missed = ~self.truths.difficult & ~self.found(threshold)
        places = {MISSED: self.truths.pictures[missed]}
        for kind in WRONG_KINDS:
            places[kind] = self.detections.pictures[self.are(kind) & self.above(threshold)]
        return {name: np.bincount(where, minlength=pictures) for name, where in places.items()}


def find_outcomes(
    detections: DetectionTable, truths: TruthTable, pairs: Pairs, order: np.ndarray
) -> Outcomes:
    """Match the detections, and find the kind of each.

    Args:
        detections: the detections.
        truths: the objects.
        pairs: of `overlapping_pairs`.
        order: [K] of `score_order`.
    """
    same = detections.class_ids[pairs.detections] == truths.class_ids[pairs.objects]
    real = ~truths.difficult[pairs.objects]
    close = pairs.overlaps >= MATCHED_FROM
    counted = among_the_first(detections, order)
    possible = pairs.select(same & close & counted[pairs.detections])
    matches = match_greedily(possible, order, truths.difficult)
    kinds, chosen = _kinds_of_wrong(
        pairs.select(same & real).best(), pairs.select(~same & real & close).best(), len(order)
    )
    chosen[0][matches.detections], chosen[1][matches.detections] = (
        matches.objects,
        matches.overlaps,
    )
    ignored = truths.difficult[matches.objects]
    kinds[matches.detections] = np.where(ignored, CODES["ignored"], CODES["correct"])
    kinds[~counted], chosen[0][~counted], chosen[1][~counted] = CODES["ignored"], NONE, 0
    found_by = np.full(len(truths), NONE, np.int64)
    found_by[matches.objects[~ignored]] = matches.detections[~ignored]
    return Outcomes(detections, truths, kinds, *chosen, found_by)


def _kinds_of_wrong(
    own: Pairs, other: Pairs, count: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return the kinds of `count` detections as if none was matched, with objects and overlaps.

    Args:
        own: the best pair of each detection with an object of its class.
        other: the same with an object of another class, of those that overlap enough.
        count: number of detections.
    """
    kinds = np.full(count, CODES["false"], np.uint8)
    objects, overlaps = np.full(count, NONE, np.int64), np.zeros(count)
    close = own.overlaps >= MATCHED_FROM
    kinds[own.detections] = np.where(close, CODES["duplicate"], CODES["place"])
    objects[own.detections], overlaps[own.detections] = own.objects, own.overlaps
    other = other.select(other.overlaps > overlaps[other.detections])
    kinds[other.detections] = CODES["class"]
    objects[other.detections], overlaps[other.detections] = other.objects, other.overlaps
    return kinds, (objects, overlaps)
