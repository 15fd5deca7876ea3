"""Overlaps of boxes, and how they change with the first of them.

All boxes are [..., 4] float32: centre x, centre y, width, height in one unit; those of a
pair broadcast against each other.

Source: box.c (both code bases).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

_CIOU_EPSILON = 1e-6
_DIOU_POWER = 0.6  # of the distance; fixed in box_diou


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union, 0 where either is empty. Source: box.c box_iou."""
    shared, union = _intersection_and_union(a, b)
    return torch.where((shared == 0) | (union == 0), 0.0, shared / union)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """IoU less the enclosing box's unused part. Source: box.c box_giou."""
    shared, union = _intersection_and_union(a, b)
    plain = torch.where((shared == 0) | (union == 0), 0.0, shared / union)
    size = _enclosing(a, b)
    area = size[..., 0] * size[..., 1]
    return torch.where(area == 0, plain, plain - (area - union) / area)


def diou(a: Tensor, b: Tensor) -> Tensor:
    """IoU less a power of the centres' distance. Source: box.c box_diou (AlexeyAB)."""
    return iou(a, b) - _distance(a, b) ** _DIOU_POWER


def ciou(a: Tensor, b: Tensor) -> Tensor:
    """IoU less distance and difference of aspect. Source: box.c box_ciou (AlexeyAB)."""
    plain, distance = iou(a, b), _distance(a, b)
    _, aspect = _aspect(a, b)
    alpha = aspect / (1 - plain + aspect + _CIOU_EPSILON)
    size = _enclosing(a, b)
    return torch.where((size == 0).all(-1), plain, plain - (distance + alpha * aspect))


OVERLAPS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "iou": iou,
    "giou": giou,
    "diou": diou,
    "ciou": ciou,
}


def gradient(pred: Tensor, truth: Tensor, kind: str) -> Tensor:
    """Where Darknet moves `pred` to overlap `truth` better: [..., 4] for x, y, w, h.

    It is twice the gradient for the widths and heights, and leaves alpha of CIoU fixed.

    Args:
        kind: "iou", "giou", "diou" or "ciou".

    Source: box.c dx_box_iou (AlexeyAB).
    """
    first, last = _corners(pred)
    low, high = torch.minimum(first, last), torch.maximum(first, last)
    truth_low, truth_high = _corners(truth)
    shared = torch.minimum(high, truth_high) - torch.maximum(low, truth_low)
    whole = torch.maximum(high, truth_high) - torch.minimum(low, truth_low)
    size = high - low
    inter = shared.prod(-1, keepdim=True)
    union = size.prod(-1, keepdim=True) + (truth_high - truth_low).prod(-1, keepdim=True) - inter
    # Of areas with regard to the low and high edges; an edge moves along the other side.
    inter_low = torch.where(low > truth_low, -shared.flip(-1), 0.0)
    inter_high = torch.where(high < truth_high, shared.flip(-1), 0.0)
    union_low, union_high = -size.flip(-1) - inter_low, size.flip(-1) - inter_high
    square = union * union
    d_low = torch.where(union > 0, (union * inter_low - inter * union_low) / square, 0.0)
    d_high = torch.where(union > 0, (union * inter_high - inter * union_high) / square, 0.0)
    # A box too small for float32 to tell its edges apart: C takes the high one for both.
    d_low = torch.where(first < last, d_low, d_high)
    apart = (shared <= 0).any(-1, keepdim=True)
    if kind == "giou":
        area = whole.prod(-1, keepdim=True)
        area_low = torch.where(low < truth_low, -whole.flip(-1), 0.0)
        area_high = torch.where(high > truth_high, whole.flip(-1), 0.0)
        more_low = (area * union_low - union * area_low) / (area * area)
        more_high = (area * union_high - union * area_high) / (area * area)
        d_low = torch.where(apart, more_low, torch.where(area > 0, d_low + more_low, d_low))
        d_high = torch.where(apart, more_high, torch.where(area > 0, d_high + more_high, d_high))
    moved = torch.cat((d_low + d_high, d_high - d_low), -1)
    if kind in ("diou", "ciou"):
        more = _distance_gradient(pred, truth, low, high)
        if kind == "ciou":
            more = more + _aspect_gradient(pred, truth, inter / union)
        diagonal = (_enclosing(pred, truth) ** 2).sum(-1, keepdim=True)
        moved = torch.where(apart, more, torch.where(diagonal > 0, moved + more, moved))
    return moved


def _corners(box: Tensor) -> tuple[Tensor, Tensor]:
    half = box[..., 2:] / 2
    return box[..., :2] - half, box[..., :2] + half


def _intersection_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    a_low, a_high = _corners(a)
    b_low, b_high = _corners(b)
    sides = torch.minimum(a_high, b_high) - torch.maximum(a_low, b_low)
    shared = torch.where((sides < 0).any(-1), 0.0, sides[..., 0] * sides[..., 1])
    return shared, a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - shared


def _enclosing(a: Tensor, b: Tensor) -> Tensor:
    """[..., 2]: width and height of the smallest box around both. Source: box.c box_c."""
    a_low, a_high = _corners(a)
    b_low, b_high = _corners(b)
    return torch.maximum(a_high, b_high) - torch.minimum(a_low, b_low)


def _distance(a: Tensor, b: Tensor) -> Tensor:
    """Squared distance of the centres, as a part of the enclosing box's squared diagonal."""
    diagonal = (_enclosing(a, b) ** 2).sum(-1)
    apart = ((a[..., :2] - b[..., :2]) ** 2).sum(-1)
    return torch.where(diagonal == 0, 0.0, apart / diagonal)


def _aspect(pred: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Difference of the angles of the diagonals, float64 as C's, and CIoU's measure of it."""
    angles = ((box[..., 2] / box[..., 3]).double().atan() for box in (truth, pred))
    turn = next(angles) - next(angles)
    return turn, (4 / (math.pi * math.pi) * turn * turn).to(pred.dtype)


def _distance_gradient(pred: Tensor, truth: Tensor, low: Tensor, high: Tensor) -> Tensor:
    truth_low, truth_high = _corners(truth)
    whole = _enclosing(pred, truth)
    square = (whole**2).sum(-1, keepdim=True)
    distance = ((pred[..., :2] - truth[..., :2]) ** 2).sum(-1, keepdim=True)
    before = (low < truth_low).to(pred.dtype)
    behind = (high > truth_high).to(pred.dtype)
    centre = 2 * (truth[..., :2] - pred[..., :2]) * square
    centre = (centre - 2 * whole * (behind - before) * distance) / (square * square)
    side = 2 * whole * (behind + before) / 2 * distance / (square * square)
    return torch.cat((centre, side), -1)


def _aspect_gradient(pred: Tensor, truth: Tensor, plain: Tensor) -> Tensor:
    turn, aspect = _aspect(pred, truth)
    precise = (1 - plain[..., 0] + aspect).double() + _CIOU_EPSILON
    alpha = (aspect.double() / precise).to(pred.dtype)
    sides = pred[..., 2:].flip(-1) * (8 / (math.pi * math.pi) * turn)[..., None]
    width, height = (alpha[..., None] * sides.to(pred.dtype)).unbind(-1)
    zero = torch.zeros_like(width)
    return torch.stack((zero, zero, width, -height), -1)
