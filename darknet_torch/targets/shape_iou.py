"""IoU, GIoU, DIoU and CIoU of boxes with one centre: they compare widths and heights.

All shapes are [..., 2] float32: width and height in one unit; those of a pair broadcast against
each other.

Source: box.c box_iou_kind (AlexeyAB), for boxes whose x and y are 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

_CIOU_EPSILON = 1e-6


def shape_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union, 0 where either is empty. Source: box.c box_iou."""
    intersection = np.minimum(a, b).prod(-1)
    union = a.prod(-1) + b.prod(-1) - intersection
    overlap = (intersection != 0) & (union != 0)
    return np.divide(intersection, union, out=np.zeros_like(union), where=overlap)


def shape_giou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU less the enclosing box's part outside the union. Source: box.c box_giou."""
    union = a.prod(-1) + b.prod(-1) - np.minimum(a, b).prod(-1)
    area = np.maximum(a, b).prod(-1)
    outside = np.divide(area - union, area, out=np.zeros_like(union), where=area != 0)
    return shape_iou(a, b) - outside


def shape_ciou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU less the aspect ratio term; the distance is 0. Source: box.c box_ciou (AlexeyAB)."""
    iou = shape_iou(a, b)
    difference = _diagonal_angle(b) - _diagonal_angle(a)
    v = (4 / (math.pi * math.pi) * difference * difference).astype(np.float32)
    alpha = v / (1 - iou + v + np.float32(_CIOU_EPSILON))
    empty = (np.maximum(a, b) == 0).all(-1)
    return np.where(empty, iou, iou - alpha * v)


def _diagonal_angle(shape: np.ndarray) -> np.ndarray:
    """[...] float64, as in C."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.arctan((shape[..., 0] / shape[..., 1]).astype(np.float64))


# By the values of iou_thresh_kind. DIoU's distance term is 0.
SHAPE_IOUS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "iou": shape_iou,
    "giou": shape_giou,
    "diou": shape_iou,
    "ciou": shape_ciou,
}
