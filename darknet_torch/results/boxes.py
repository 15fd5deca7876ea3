"""Boxes: forms, overlaps and the removal of those that overlap. No torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_GREEDY_EXPONENT = 0.6  # fixed in box.c box_diou

Overlap = Callable[[np.ndarray, np.ndarray], np.ndarray]


def cxcywh_to_xyxy(boxes: np.ndarray) -> np.ndarray:
    """[..., 4] centre x, centre y, width, height to left, top, right, bottom."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return np.concatenate((centre - half, centre + half), -1)


def xyxy_to_cxcywh(boxes: np.ndarray) -> np.ndarray:
    """The inverse of `cxcywh_to_xyxy`."""
    first, last = boxes[..., :2], boxes[..., 2:]
    return np.concatenate(((first + last) / 2, last - first), -1)


def box_iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union, 0-1.

    Args:
        box: [4] left, top, right, bottom.
        others: [K, 4] in the same form.

    Returns:
        [K].

    Source: box.c box_iou.
    """
    first = np.maximum(box[:2], others[:, :2])
    last = np.minimum(box[2:], others[:, 2:])
    inside = np.prod(np.maximum(last - first, 0), -1)
    union = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], -1) - inside
    empty = (inside == 0) | (union == 0)
    return np.where(empty, 0, inside / np.where(empty, 1, union))


def penalised_iou(exponent: float) -> Overlap:
    """IoU less (squared distance of the centres / squared diagonal around both) ** exponent.

    Source: box.c box_diou (exponent 0.6), box_diounms (beta_nms).
    """

    def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
        around = np.maximum(box[2:], others[:, 2:]) - np.minimum(box[:2], others[:, :2])
        diagonal = np.sum(around**2, -1)
        apart = np.sum(((box[:2] + box[2:]) - (others[:, :2] + others[:, 2:])) ** 2, -1) / 4
        none = diagonal == 0
        penalty = (apart / np.where(none, 1, diagonal)) ** exponent
        return box_iou(box, others) - np.where(none, 0, penalty)

    return overlap


def penalty_exponent(nms_kind: str, beta_nms: float) -> float | None:
    """The exponent of `penalised_iou` in a kind of NMS; None if it takes plain IoU.

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB).
    """
    return {"greedynms": _GREEDY_EXPONENT, "diounms": beta_nms}.get(nms_kind)


def overlap_function(nms_kind: str, beta_nms: float) -> Overlap:
    """The overlap that a kind of NMS compares with its threshold."""
    exponent = penalty_exponent(nms_kind, beta_nms)
    return box_iou if exponent is None else penalised_iou(exponent)


def apply_nms(
    boxes: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    *,
    nms_kind: str = "default",
    beta_nms: float = 0.6,
) -> np.ndarray:
    """Per class, drop every box that overlaps a better one too much.

    Args:
        boxes: [K, 4] centre x, centre y, width, height.
        scores: [K, C], 0 for no candidate.
        threshold: overlaps above it are too much; 0 keeps all, as in C.

    Returns:
        [K, C] scores, those of dropped boxes set to 0.
    """
    kept = scores.copy()
    if not threshold:
        return kept
    corners = cxcywh_to_xyxy(boxes)
    overlap = overlap_function(nms_kind, beta_nms)
    for column in np.flatnonzero(scores.any(0)):
        rows = np.flatnonzero(scores[:, column])
        rows = rows[np.argsort(-scores[rows, column], kind="stable")]
        while len(rows) > 1:
            dropped = overlap(corners[rows[0]], corners[rows[1:]]) > threshold
            kept[rows[1:][dropped], column] = 0
            rows = rows[1:][~dropped]
    return kept


def order_after_nms(scores: np.ndarray) -> np.ndarray:
    """The order in which Darknet's NMS leaves boxes: it sorts them by class after class.

    Args:
        scores: [K, C] before the NMS.

    Returns:
        [K] places, the first box first: by the score of the last class, equal ones by that of
        the class before it, and so on.

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB), taking C's qsort for stable.
    """
    return np.lexsort(-scores.T)
