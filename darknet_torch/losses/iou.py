"""IoU and GIoU of boxes, and Darknet's gradient of IoU, GIoU, DIoU and CIoU.

Where not said otherwise, boxes are [..., 4] float32: centre x, centre y, width, height in one
unit; the boxes of a pair broadcast against each other.

Source: box.c (both code bases).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from darknet_torch.ops.arithmetic import FAST, Arithmetic

_CIOU_EPSILON = 1e-6
_PAIRS_AT_ONCE = 2**24  # bound on the size of a temporary tensor


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


def largest_iou(boxes: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
    """For each of P predicted boxes, the truth of its picture with the largest IoU.

    Args:
        boxes: [N, 4, P], the coordinates first.
        truths: [N, T, 4]; those of no size have no IoU.

    Returns:
        [N, P] IoU and [N, P] index of the truth; 0 and 0 where no IoU is above 0.
    """
    best = boxes.new_zeros(boxes.shape[0], boxes.shape[2])
    index = torch.zeros_like(best, dtype=torch.long)
    if not truths.shape[1]:
        return best, index
    centre, size = boxes[:, None, :2], boxes[:, None, 2:]
    half = size / 2
    low, high, area = centre - half, centre + half, size[:, :, 0] * size[:, :, 1]
    at_once = max(1, _PAIRS_AT_ONCE // max(1, best.numel()))
    for start in range(0, truths.shape[1], at_once):
        some = truths[:, start : start + at_once, :, None]
        found, which = _ious_with(low, high, area, some).max(1)
        if start == 0:
            best, index = found, which
        else:
            index = torch.where(found > best, which + start, index)
            best = torch.maximum(found, best)
    return best, torch.where(best > 0, index, 0)


def _ious_with(low: Tensor, high: Tensor, area: Tensor, truths: Tensor) -> Tensor:
    """[N, T, P] IoU of each box with each truth.

    Args:
        low, high: [N, 1, 2, P] left and top, right and bottom of the boxes.
        area: [N, 1, P].
        truths: [N, T, 4, 1].
    """
    half = truths[:, :, 2:] / 2
    sides = torch.minimum(high, truths[:, :, :2] + half)
    sides -= torch.maximum(low, truths[:, :, :2] - half)
    sides.clamp_(min=0)
    intersection = sides[:, :, 0].mul_(sides[:, :, 1])
    union = area + truths[:, :, 2] * truths[:, :, 3]
    union -= intersection
    # Where the union is 0, so is the intersection.
    return intersection.div_(union.clamp_(min=torch.finfo(union.dtype).tiny))


def iou_gradient(pred: Tensor, truth: Tensor, kind: str, arithmetic: Arithmetic = FAST) -> Tensor:
    """The direction in which Darknet changes `pred` to raise its IoU with `truth`.

    It is the gradient with regard to `pred`, but twice as large for widths and heights, and
    with alpha of CIoU as a constant.

    Args:
        pred, truth: boxes.
        kind: "iou", "giou", "diou" or "ciou".
        arithmetic: computes the aspect ratio term.

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
            term = term + _aspect_gradient(pred, truth, inter / union, arithmetic)
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


def _aspect_gradient(
    pred: Tensor, truth: Tensor, plain_iou: Tensor, arithmetic: Arithmetic
) -> Tensor:
    """[..., 4]: the gradient of the aspect ratio term, 0 for the centre."""
    ratios = torch.stack((truth[..., 2] / truth[..., 3], pred[..., 2] / pred[..., 3]))
    angles = arithmetic.to_compute(ratios).atan()
    difference = angles[0] - angles[1]  # of the diagonals
    v = (4 / (math.pi * math.pi) * difference * difference).to(pred.dtype)  # of CIoU
    divisor = arithmetic.to_compute(1 - plain_iou[..., 0] + v) + _CIOU_EPSILON
    alpha = (arithmetic.to_compute(v) / divisor).to(pred.dtype)
    sides = pred[..., 2:].flip(-1) * (8 / (math.pi * math.pi) * difference)[..., None]
    width, height = (alpha[..., None] * sides.to(pred.dtype)).unbind(-1)
    zero = torch.zeros_like(width)
    return torch.stack((zero, zero, width, -height), -1)
