"""COCO's matching of detections with objects, for a whole data set at once. No torch.

In each picture and class, the detections are taken by score, the highest first. Each is matched
with the object, not yet matched, that it overlaps most, if their IoU is at least 0.5. A detection
that finds no such object is matched with a difficult one of which it covers enough: of a difficult
object, a crowd in COCO, the overlap is the intersection over the area of the detection, and any
number of detections may be matched with it.

Source: cocoeval.py evaluateImg, maskApi.c bbIou.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.evaluation.coco import result_boxes_xywh, truth_boxes_xywh
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.matching import pairs_with_equal_keys
from darknet_torch.evaluation.records import DetectionTable

MATCHED_FROM = 0.5  # overlap
NEAR_FROM = 0.1  # overlap; less is none
MOST_DETECTIONS = 100  # of a class in a picture


@dataclass(frozen=True)
class Pairs:
    """P pairs of a detection and an object in the same picture, of any classes.

    Attributes:
        detections: [P] int64, indices.
        objects: [P] int64, indices.
        overlaps: [P] float64, IoU; with a difficult object the intersection over the area of
            the detection.
    """

    detections: np.ndarray
    objects: np.ndarray
    overlaps: np.ndarray

    def select(self, rows: np.ndarray) -> Pairs:
        """Return the pairs of the given rows (indices or a mask), in that order."""
        return Pairs(self.detections[rows], self.objects[rows], self.overlaps[rows])

    def best(self) -> Pairs:
        """Return for each detection, ascending, the pair with the object it overlaps most."""
        order = np.lexsort((-self.objects, -self.overlaps, self.detections))
        first = np.unique(self.detections[order], return_index=True)[1]
        return self.select(order[first])


def overlapping_pairs(detections: DetectionTable, ground_truth: GroundTruth) -> Pairs:
    """Find all pairs that overlap by `NEAR_FROM` or more, with the boxes of COCO's records."""
    truths = ground_truth.truths
    boxes, others = result_boxes_xywh(detections, ground_truth), truth_boxes_xywh(ground_truth)
    blocks = [Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for part, rows, objects in pairs_with_equal_keys(detections.pictures, truths.pictures):
        rows += part.start
        overlaps = coco_overlap(boxes[rows], others[objects], truths.difficult[objects])
        blocks.append(Pairs(rows, objects, overlaps).select(overlaps >= NEAR_FROM))
    return Pairs(
        np.concatenate([block.detections for block in blocks]),
        np.concatenate([block.objects for block in blocks]),
        np.concatenate([block.overlaps for block in blocks]),
    )


def coco_overlap(boxes: np.ndarray, others: np.ndarray, difficult: np.ndarray) -> np.ndarray:
    """Compute the overlaps of P pairs of boxes, rounded as COCO's program does.

    Args:
        boxes: [P, 4] left, top, width, height of the detections.
        others: [P, 4] the same of the objects.
        difficult: [P] bool, whether the object is difficult.

    Returns:
        [P] float64, 0-1.

    Source: maskApi.c bbIou.
    """
    left, top, width, height = boxes.T
    other_left, other_top, other_width, other_height = others.T
    right = np.minimum(left + width, other_left + other_width)
    bottom = np.minimum(top + height, other_top + other_height)
    meet_x = np.maximum(right - np.maximum(left, other_left), 0)
    meet_y = np.maximum(bottom - np.maximum(top, other_top), 0)
    intersections = meet_x * meet_y
    area = width * height
    unions = np.where(difficult, area, area + other_width * other_height - intersections)
    meet = intersections > 0
    return np.where(meet, intersections / np.where(meet, unions, 1), 0)


def score_order(detections: DetectionTable, ground_truth: GroundTruth) -> np.ndarray:
    """Return the indices [K] of the detections in COCO's order.

    The highest score is the first. Detections of equal scores are in the order of the ids of
    their pictures, and then in that of the table.
    """
    ranks = np.array(ground_truth.with_numbered_ids().picture_ids, np.int64)
    return np.lexsort((ranks[detections.pictures], -detections.scores))


def among_the_first(detections: DetectionTable, order: np.ndarray) -> np.ndarray:
    """Return which detections are among the `MOST_DETECTIONS` of their class and picture.

    Args:
        detections: the detections.
        order: [K] of `score_order`.

    Returns:
        [K] bool.
    """
    classes = 1 + detections.class_ids.max(initial=0)
    keys = (detections.pictures * classes + detections.class_ids)[order]
    grouped = np.argsort(keys, kind="stable")
    keys = keys[grouped]
    first = np.empty(len(keys), bool)
    first[order[grouped]] = np.arange(len(keys)) - np.searchsorted(keys, keys) < MOST_DETECTIONS
    return first


def match_greedily(pairs: Pairs, order: np.ndarray, difficult: np.ndarray) -> Pairs:
    """Choose at most one pair for each detection, and for each object that is not difficult.

    Args:
        pairs: the possible ones. If a detection overlaps several objects equally, the last
            counts.
        order: [K] of `score_order`.
        difficult: [T] bool, of each object.

    Returns:
        The chosen pairs.
    """
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    pairs = pairs.select(
        np.lexsort(
            (
                -pairs.objects,
                -pairs.overlaps,
                difficult[pairs.objects],
                places[pairs.detections],
            )
        )
    )
    chosen, taken, matched = [], set(), -1
    columns = (pairs.detections, pairs.objects, difficult[pairs.objects])
    for row, (detection, truth, shared) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        if detection == matched or truth in taken:
            continue
        chosen.append(row)
        matched = detection
        if not shared:
            taken.add(truth)
    return pairs.select(np.array(chosen, np.int64))
