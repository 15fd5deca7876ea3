"""IoU, GIoU, DIoU and CIoU of boxes, and Darknet's gradient of them.

All boxes are [..., 4] float32: centre x, centre y, width, height in one unit; the
boxes of a pair broadcast against each other.

Source: box.c (both code bases).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

_CIOU_EPSILON = 1e-6
_DIOU_POWER = 0.6  # exponent of the distance term; fixed in box_diou


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union, 0 where either is empty. Source: box.c box_iou."""
    intersection, union = _intersection_and_union(a, b)
    return torch.where((intersection == 0) | (union == 0), 0.0, intersection / union)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """IoU less the enclosing box's part outside the union. Source: box.c box_giou."""
    intersection, union = _intersection_and_union(a, b)
    plain_iou = torch.where((intersection == 0) | (union == 0), 0.0, intersection / union)
    size = _enclosing_size(a, b)
    area = size[..., 0] * size[..., 1]
    return torch.where(area == 0, plain_iou, plain_iou - (area - union) / area)


def diou(a: Tensor, b: Tensor) -> Tensor:
    """IoU less a power of the distance term. Source: box.c box_diou (AlexeyAB)."""
    return iou(a, b) - _distance_term(a, b) ** _DIOU_POWER


def ciou(a: Tensor, b: Tensor) -> Tensor:
    """IoU less the distance and aspect ratio terms. Source: box.c box_ciou (AlexeyAB)."""
    plain_iou, distance = iou(a, b), _distance_term(a, b)
    _, v = _aspect_term(a, b)
    alpha = v / (1 - plain_iou + v + _CIOU_EPSILON)
    size = _enclosing_size(a, b)
    return torch.where((size == 0).all(-1), plain_iou, plain_iou - (distance + alpha * v))


# By the values of iou_loss and iou_thresh_kind. All take two boxes and return [...].
IOU_FUNCTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "iou": iou,
    "giou": giou,
    "diou": diou,
    "ciou": ciou,
}


def iou_gradient(pred: Tensor, truth: Tensor, kind: str) -> Tensor:
    """The direction in which Darknet changes `pred` to raise its IoU with `truth`.

    It is the gradient with regard to `pred`, but twice as large for widths and heights, and
    with alpha of CIoU as a constant.

    Args:
        pred, truth: boxes.
        kind: "iou", "giou", "diou" or "ciou".

    Returns:
        [..., 4] for centre x, centre y, width, height.

    Source: box.c dx_box_iou (AlexeyAB).
    """
    first, last = _corners(pred)
    low, high = torch.minimum(first, last), torch.maximum(first, last)
    truth_low, truth_high = _corners(truth)
    # [..., 2] sides of the intersection and of the enclosing box.
    inter_size = torch.minimum(high, truth_high) - torch.maximum(low, truth_low)
    enclosing_size = torch.maximum(high, truth_high) - torch.minimum(low, truth_low)
    size = high - low
    inter = inter_size.prod(-1, keepdim=True)
    union = size.prod(-1, keepdim=True) + (truth_high - truth_low).prod(-1, keepdim=True) - inter
    # Derivatives of areas by the low and high edges: an area changes by the other side.
    inter_by_low = torch.where(low > truth_low, -inter_size.flip(-1), 0.0)
    inter_by_high = torch.where(high < truth_high, inter_size.flip(-1), 0.0)
    union_by_low, union_by_high = -size.flip(-1) - inter_by_low, size.flip(-1) - inter_by_high
    square = union * union
    by_low = torch.where(union > 0, (union * inter_by_low - inter * union_by_low) / square, 0.0)
    by_high = torch.where(union > 0, (union * inter_by_high - inter * union_by_high) / square, 0.0)
    # A box too small for float32 to tell its edges apart: C takes the high one for both.
    by_low = torch.where(first < last, by_low, by_high)
    disjoint = (inter_size <= 0).any(-1, keepdim=True)
    if kind == "giou":
        area = enclosing_size.prod(-1, keepdim=True)
        area_by_low = torch.where(low < truth_low, -enclosing_size.flip(-1), 0.0)
        area_by_high = torch.where(high > truth_high, enclosing_size.flip(-1), 0.0)
        term_by_low = (area * union_by_low - union * area_by_low) / (area * area)
        term_by_high = (area * union_by_high - union * area_by_high) / (area * area)
        by_low = _with_term(by_low, term_by_low, disjoint, area)
        by_high = _with_term(by_high, term_by_high, disjoint, area)
    gradient = torch.cat((by_low + by_high, by_high - by_low), -1)
    if kind in ("diou", "ciou"):
        term = _distance_gradient(pred, truth, low, high)
        if kind == "ciou":
            term = term + _aspect_gradient(pred, truth, inter / union)
        diagonal = (_enclosing_size(pred, truth) ** 2).sum(-1, keepdim=True)
        gradient = _with_term(gradient, term, disjoint, diagonal)
    return gradient


def _with_term(gradient: Tensor, term: Tensor, disjoint: Tensor, extent: Tensor) -> Tensor:
    """Add a term's gradient; disjoint boxes have it alone, boxes without `extent` not at all."""
    return torch.where(disjoint, term, torch.where(extent > 0, gradient + term, gradient))


def _corners(box: Tensor) -> tuple[Tensor, Tensor]:
    """[..., 2] left and top, [..., 2] right and bottom."""
    half = box[..., 2:] / 2
    return box[..., :2] - half, box[..., :2] + half


def _intersection_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """[...] areas. Source: box.c box_intersection, box_union."""
    a_low, a_high = _corners(a)
    b_low, b_high = _corners(b)
    sides = torch.minimum(a_high, b_high) - torch.maximum(a_low, b_low)
    intersection = torch.where((sides < 0).any(-1), 0.0, sides[..., 0] * sides[..., 1])
    return intersection, a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - intersection


def _enclosing_size(a: Tensor, b: Tensor) -> Tensor:
    """[..., 2]: width and height of the smallest box around both. Source: box.c box_c."""
    a_low, a_high = _corners(a)
    b_low, b_high = _corners(b)
    return torch.maximum(a_high, b_high) - torch.minimum(a_low, b_low)


def _distance_term(a: Tensor, b: Tensor) -> Tensor:
    """[...]: squared distance of the centres over the squared diagonal of the enclosing box."""
    diagonal = (_enclosing_size(a, b) ** 2).sum(-1)
    distance = ((a[..., :2] - b[..., :2]) ** 2).sum(-1)
    return torch.where(diagonal == 0, 0.0, distance / diagonal)


def _aspect_term(pred: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """[...]: difference of the diagonals' angles, float64 as in C, and v of CIoU."""
    angles = ((box[..., 2] / box[..., 3]).double().atan() for box in (truth, pred))
    difference = next(angles) - next(angles)
    return difference, (4 / (math.pi * math.pi) * difference * difference).to(pred.dtype)


def _distance_gradient(pred: Tensor, truth: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """[..., 4]: the gradient of the distance term.

    Args:
        low, high: [..., 2] edges of `pred`.
    """
    truth_low, truth_high = _corners(truth)
    enclosing = _enclosing_size(pred, truth)
    diagonal = (enclosing**2).sum(-1, keepdim=True)
    distance = ((pred[..., :2] - truth[..., :2]) ** 2).sum(-1, keepdim=True)
    low_is_outer = (low < truth_low).to(pred.dtype)
    high_is_outer = (high > truth_high).to(pred.dtype)
    by_centre = 2 * (truth[..., :2] - pred[..., :2]) * diagonal
    by_centre = by_centre - 2 * enclosing * (high_is_outer - low_is_outer) * distance
    by_centre = by_centre / (diagonal * diagonal)
    outer = high_is_outer + low_is_outer
    by_size = 2 * enclosing * outer / 2 * distance / (diagonal * diagonal)
    return torch.cat((by_centre, by_size), -1)


def _aspect_gradient(pred: Tensor, truth: Tensor, plain_iou: Tensor) -> Tensor:
    """[..., 4]: the gradient of the aspect ratio term, 0 for the centre."""
    difference, v = _aspect_term(pred, truth)
    divisor = (1 - plain_iou[..., 0] + v).double() + _CIOU_EPSILON
    alpha = (v.double() / divisor).to(pred.dtype)
    sides = pred[..., 2:].flip(-1) * (8 / (math.pi * math.pi) * difference)[..., None]
    width, height = (alpha[..., None] * sides.to(pred.dtype)).unbind(-1)
    zero = torch.zeros_like(width)
    return torch.stack((zero, zero, width, -height), -1)
