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


def box_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the intersection over union (IoU) of boxes with others.

    Args:
        boxes: [4] left, top, right, bottom of one box, or [K, 4] one box for each other.
        others: [K, 4] in the same format and unit.

    Returns:
        [K] IoU, 0-1; 0 for boxes that do not overlap.

    Source: box.c box_iou.
    """
    left, top, right, bottom = np.moveaxis(boxes, -1, 0)
    other_left, other_top, other_right, other_bottom = np.moveaxis(others, -1, 0)
    width = np.minimum(right, other_right) - np.maximum(left, other_left)
    height = np.minimum(bottom, other_bottom) - np.maximum(top, other_top)
    intersection = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (right - left) * (bottom - top)
    areas = areas + (other_right - other_left) * (other_bottom - other_top)
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

    def overlap(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
        top_left, bottom_right = boxes[..., :2], boxes[..., 2:]
        enclosing = np.maximum(bottom_right, others[:, 2:]) - np.minimum(top_left, others[:, :2])
        diagonal = np.sum(enclosing**2, -1)
        distance = (top_left + bottom_right) - (others[:, :2] + others[:, 2:])
        distance = np.sum(distance**2, -1) / 4
        is_point = diagonal == 0
        penalty = (distance / np.where(is_point, 1, diagonal)) ** exponent
        return box_iou(boxes, others) - np.where(is_point, 0, penalty)

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
