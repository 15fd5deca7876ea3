"""IoU and GIoU of boxes, and Darknet's gradient of IoU, GIoU, DIoU and CIoU.

Where not said otherwise, boxes are [..., 4] float32: centre x, centre y, width, height in one
unit; the boxes of a pair broadcast against each other.

Source: box.c (both code bases).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from darknet_torch.ops.arithmetic import FAST, Arithmetic

_CIOU_EPSILON = 1e-6
_PAIRS_AT_ONCE = 2**24  # bound on the size of a temporary tensor


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union, 0 where either is empty. Source: box.c box_iou."""
    return _ratio(*_intersection_and_union(a, b))


def giou(a: Tensor, b: Tensor) -> Tensor:
    """IoU less the enclosing box's part outside the union. Source: box.c box_giou."""
    intersection, union = _intersection_and_union(a, b)
    area = torch.maximum(_reach(a), _reach(b)).sum(-2).prod(-1)
    outside = torch.where(area == 0, 0.0, (area - union) / area)
    return _ratio(intersection, union) - outside


def largest_iou(boxes: Tensor, truths: Tensor) -> Tensor:
    """For each of P predicted boxes, its largest IoU with a truth of its picture.

    Args:
        boxes: [N, 4, P], the coordinates first.
        truths: [N, T, 4]; those of no size have no IoU.

    Returns:
        [N, P].
    """
    best = None
    for _, ious in _ious_with_some(boxes, truths):
        found = ious.amax(1)
        best = found if best is None else torch.maximum(best, found)
    return torch.zeros_like(boxes[:, 0]) if best is None else best


def best_truth(boxes: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
    """For each of P predicted boxes, the truth of its picture with the largest IoU.

    Args:
        boxes, truths: as for `largest_iou`.

    Returns:
        [N, P] IoU and [N, P] index of the truth; 0 and 0 where no IoU is above 0.
    """
    best = torch.zeros_like(boxes[:, 0])
    index = torch.zeros_like(best, dtype=torch.long)
    for start, ious in _ious_with_some(boxes, truths):
        found, which = ious.max(1)
        index = torch.where(found > best, which + start, index)
        best = torch.maximum(best, found)
    return best, index


def _ious_with_some(boxes: Tensor, truths: Tensor) -> Iterator[tuple[int, Tensor]]:
    """IoUs with some truths at a time, so that the temporary tensors stay small.

    Yields:
        The index of the first of t truths, and [N, t, P] IoU of each box with each of them.
    """
    centre, size = boxes[:, None, :2], boxes[:, None, 2:]
    half, area = size / 2, size[:, :, 0] * size[:, :, 1]
    low, high = centre - half, centre + half
    at_once = max(1, _PAIRS_AT_ONCE // max(1, boxes.shape[0] * boxes.shape[2]))
    for start in range(0, truths.shape[1], at_once):
        some = truths[:, start : start + at_once, :, None]
        half = some[:, :, 2:] / 2
        sides = torch.minimum(high, some[:, :, :2] + half)
        sides -= torch.maximum(low, some[:, :, :2] - half)
        sides.clamp_(min=0)
        intersection = sides[:, :, 0].mul_(sides[:, :, 1])
        union = area + some[:, :, 2] * some[:, :, 3]
        union -= intersection
        yield start, _ratio(intersection, union)


def _ratio(intersection: Tensor, union: Tensor) -> Tensor:
    """Their ratio; where the union is 0, so is the intersection and the ratio."""
    return intersection / union.clamp(min=torch.finfo(union.dtype).tiny)


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
    pred_reach, truth_reach = _reach(pred), _reach(truth)
    inter_size = torch.minimum(pred_reach, truth_reach).sum(-2)
    enclosing_size = torch.maximum(pred_reach, truth_reach).sum(-2)
    size = pred_reach.sum(-2)
    inter = inter_size.prod(-1, keepdim=True)
    union = size.prod(-1, keepdim=True) + truth_reach.sum(-2).prod(-1, keepdim=True) - inter
    # Derivatives of areas by the four reaches: an area changes by the other side.
    inter_by = _other_side(inter_size) * (pred_reach < truth_reach)
    union_by = _other_side(size) - inter_by
    gradient = _ratio_gradient(inter, union, inter_by, union_by)
    gradient = torch.where(union[..., None] > 0, gradient, 0.0)
    # A box too small for float32 to tell its edges apart: C takes the high one for both.
    low, high = gradient.unbind(-2)
    gradient = torch.stack((torch.where(size > 0, low, -high), high), -2)
    disjoint = (inter_size <= 0).any(-1, keepdim=True)
    outer = pred_reach > truth_reach
    if kind == "giou":
        area = enclosing_size.prod(-1, keepdim=True)
        area_by = _other_side(enclosing_size) * outer
        term = _ratio_gradient(union, area, union_by, area_by)
        gradient = _with_term(gradient, term, disjoint[..., None], area[..., None])
    low, high = gradient.unbind(-2)
    gradient = torch.cat((high - low, high + low), -1)
    if kind in ("diou", "ciou"):
        diagonal = enclosing_size.square().sum(-1, keepdim=True)
        term = _distance_gradient(pred, truth, enclosing_size, diagonal, outer.to(pred.dtype))
        if kind == "ciou":
            term = term + _aspect_gradient(pred, truth, inter / union, arithmetic)
        gradient = _with_term(gradient, term, disjoint, diagonal)
    return gradient


def _reach(box: Tensor) -> Tensor:
    """[..., 2, 2]: how far the low, then the high edges reach outwards, each in x and y.

    The low edges have the opposite sign, so that both kinds are treated alike: an intersection
    has the smaller reach of two boxes, an enclosing box the larger one, and a size is the sum of
    both reaches. The rounding is that of the edges.
    """
    half = box[..., 2:] / 2
    return torch.stack((half - box[..., :2], half + box[..., :2]), -2)


def _other_side(size: Tensor) -> Tensor:
    """[..., 1, 2] height and width of [..., 2] width and height."""
    return size.flip(-1)[..., None, :]


def _ratio_gradient(above: Tensor, below: Tensor, above_by: Tensor, below_by: Tensor) -> Tensor:
    """[..., 2, 2]: the derivatives of a ratio of two areas.

    Args:
        above, below: [..., 1] the areas.
        above_by, below_by: [..., 2, 2] their derivatives.
    """
    above, below = above[..., None], below[..., None]
    return (below * above_by - above * below_by) / (below * below)


def _with_term(gradient: Tensor, term: Tensor, disjoint: Tensor, extent: Tensor) -> Tensor:
    """Add a term's gradient; disjoint boxes have it alone, boxes without `extent` not at all."""
    return torch.where(disjoint, term, torch.where(extent > 0, gradient + term, gradient))


def _intersection_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """[...] areas. Source: box.c box_intersection, box_union."""
    sides = torch.minimum(_reach(a), _reach(b)).sum(-2).clamp(min=0)
    intersection = sides.prod(-1)
    return intersection, a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - intersection


def _distance_gradient(
    pred: Tensor, truth: Tensor, enclosing: Tensor, diagonal: Tensor, outer: Tensor
) -> Tensor:
    """[..., 4]: the gradient of the distance term.

    Args:
        pred, truth: boxes.
        enclosing: [..., 2] size of the smallest box around both.
        diagonal: [..., 1] its squared diagonal.
        outer: [..., 2, 2] 1 for the low and high edges of `pred` that are edges of that box.
    """
    offset = truth[..., :2] - pred[..., :2]
    distance = offset.square().sum(-1, keepdim=True)
    low, high = outer.unbind(-2)
    square = diagonal * diagonal
    by_centre = 2 * offset * diagonal - 2 * enclosing * (high - low) * distance
    by_size = enclosing * (high + low) * distance
    return torch.cat((by_centre, by_size), -1) / square


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
