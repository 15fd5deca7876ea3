"""Box formats, overlaps and non-maximum suppression (NMS). No torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_GREEDY_EXPONENT = 0.6  # fixed in box.c box_diou

Overlap = Callable[[np.ndarray, np.ndarray], np.ndarray]


def cxcywh_to_xyxy(boxes_cxcywh: np.ndarray) -> np.ndarray:
    """Convert [..., 4] centre x, centre y, width, height to left, top, right, bottom."""
    centre, half = boxes_cxcywh[..., :2], boxes_cxcywh[..., 2:] / 2
    return np.concatenate((centre - half, centre + half), -1)


def xyxy_to_cxcywh(boxes_xyxy: np.ndarray) -> np.ndarray:
    """Convert [..., 4] left, top, right, bottom to centre x, centre y, width, height."""
    top_left, bottom_right = boxes_xyxy[..., :2], boxes_xyxy[..., 2:]
    return np.concatenate(((top_left + bottom_right) / 2, bottom_right - top_left), -1)


def box_iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the intersection over union (IoU) of one box with others.

    Args:
        box: [4] left, top, right, bottom.
        others: [K, 4] in the same format and unit.

    Returns:
        [K] IoU, 0-1; 0 for boxes that do not overlap.

    Source: box.c box_iou.
    """
    top_left = np.maximum(box[:2], others[:, :2])
    bottom_right = np.minimum(box[2:], others[:, 2:])
    intersection = np.prod(np.maximum(bottom_right - top_left, 0), -1)
    areas = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], -1)
    union = areas - intersection
    empty = (intersection == 0) | (union == 0)
    return np.where(empty, 0, intersection / np.where(empty, 1, union))


def penalised_iou(exponent: float) -> Overlap:
    """Return a function that computes IoU minus a penalty for the distance of the centres.

    The penalty is (squared distance of the centres / squared diagonal of the smallest box around
    both) ** exponent, as in distance IoU (DIoU). The function takes and returns what `box_iou`
    does, but its values may be negative.

    Source: box.c box_diou (exponent 0.6), box_diounms (beta_nms).
    """

    def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
        enclosing = np.maximum(box[2:], others[:, 2:]) - np.minimum(box[:2], others[:, :2])
        diagonal = np.sum(enclosing**2, -1)
        distance = np.sum(((box[:2] + box[2:]) - (others[:, :2] + others[:, 2:])) ** 2, -1) / 4
        is_point = diagonal == 0
        penalty = (distance / np.where(is_point, 1, diagonal)) ** exponent
        return box_iou(box, others) - np.where(is_point, 0, penalty)

    return overlap


def penalty_exponent(nms_kind: str, beta_nms: float) -> float | None:
    """Return the exponent of `penalised_iou` that a kind of NMS uses; None if it uses plain IoU.

    Args:
        nms_kind: the cfg's nms_kind=.
        beta_nms: the cfg's beta_nms=.

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB).
    """
    return {"greedynms": _GREEDY_EXPONENT, "diounms": beta_nms}.get(nms_kind)


def overlap_function(nms_kind: str, beta_nms: float) -> Overlap:
    """Return the function whose value a kind of NMS compares with its threshold."""
    exponent = penalty_exponent(nms_kind, beta_nms)
    return box_iou if exponent is None else penalised_iou(exponent)


def apply_nms(
    boxes_cxcywh: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    *,
    nms_kind: str = "default",
    beta_nms: float = 0.6,
) -> np.ndarray:
    """Non-maximum suppression: per class, drop boxes that overlap a box of a higher score.

    Args:
        boxes_cxcywh: [K, 4] centre x, centre y, width, height.
        scores: [K, C]; 0 where a box is not a candidate for a class.
        threshold: boxes that overlap by more than this are dropped; 0 keeps all, as in C.
        nms_kind: which overlap is compared, see `overlap_function`.
        beta_nms: the exponent of nms_kind=diounms.

    Returns:
        [K, C] the scores, with those of dropped boxes set to 0.
    """
    kept = scores.copy()
    if not threshold:
        return kept
    boxes_xyxy = cxcywh_to_xyxy(boxes_cxcywh)
    overlap = overlap_function(nms_kind, beta_nms)
    for column in np.flatnonzero(scores.any(0)):
        rows = np.flatnonzero(scores[:, column])
        rows = rows[np.argsort(-scores[rows, column], kind="stable")]
        while len(rows) > 1:
            dropped = overlap(boxes_xyxy[rows[0]], boxes_xyxy[rows[1:]]) > threshold
            kept[rows[1:][dropped], column] = 0
            rows = rows[1:][~dropped]
    return kept


def order_after_nms(scores: np.ndarray) -> np.ndarray:
    """Return the order in which Darknet's NMS leaves the boxes, which it sorts once per class.

    Args:
        scores: [K, C] before the NMS.

    Returns:
        [K] indices of the boxes: sorted by the score of the last class, equal ones by that of
        the class before it, and so on.

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB), taking C's qsort for stable.
    """
    return np.lexsort(-scores.T)
