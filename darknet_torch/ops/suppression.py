"""Non-maximum suppression as tensor functions, for exported graphs.

`darknet_torch.results.suppression` does the same on arrays.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

MAX_CANDIDATES = 2048  # per picture: an array of all pairs takes 16 MB


def cxcywh_to_xyxy(boxes: Tensor) -> Tensor:
    """[..., 4] centre x, centre y, width, height to left, top, right, bottom."""
    half = boxes[..., 2:] / 2
    return torch.cat((boxes[..., :2] - half, boxes[..., :2] + half), -1)


def pairwise_iou(boxes: Tensor, exponent: float | None) -> Tensor:
    """IoU or DIoU of each box with each other box.

    Args:
        boxes: [..., K, 4] left, top, right, bottom.
        exponent: see `box_iou`.

    Returns:
        [..., K, K].
    """
    return box_iou(boxes[..., :, None, :], boxes[..., None, :, :], exponent)


def box_iou(one: Tensor, other: Tensor, exponent: float | None) -> Tensor:
    """IoU or DIoU of boxes with others.

    Args:
        one, other: [..., 4] left, top, right, bottom; they broadcast.
        exponent: exponent of the penalty on the distance of the centres; None for plain IoU.

    Returns:
        [...].

    Source: box.c box_iou, box_diou, box_diounms (AlexeyAB).
    """
    inside = (
        torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])
    ).clamp(min=0)
    shared = inside[..., 0] * inside[..., 1]
    union = _area(one) + _area(other) - shared
    iou = torch.where((shared == 0) | (union == 0), 0, shared / union)
    if exponent is None:
        return iou
    around = torch.maximum(one[..., 2:], other[..., 2:]) - torch.minimum(
        one[..., :2], other[..., :2]
    )
    diagonal = around[..., 0] ** 2 + around[..., 1] ** 2
    apart = (one[..., :2] + one[..., 2:]) - (other[..., :2] + other[..., 2:])
    distance = (apart[..., 0] ** 2 + apart[..., 1] ** 2) / 4
    return iou - torch.where(diagonal == 0, 0, (distance / diagonal) ** exponent)


def _area(boxes: Tensor) -> Tensor:
    """[..., 4] left, top, right, bottom to [...]."""
    # Products are written out: onnxruntime's product over an axis breaks on no boxes.
    size = boxes[..., 2:] - boxes[..., :2]
    return size[..., 0] * size[..., 1]


def suppress(
    boxes: Tensor, scores: Tensor, *, threshold: float, exponent: float | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Remove boxes that overlap a better box of their class; sort by picture and score.

    A box is kept if no better box of its class that is kept overlaps it too much. This is a
    fixed point, found for all boxes at once: starting from all candidates, the set is computed
    from itself until it does not change; each round decides at least the next best box.

    Args:
        boxes: [N, A, 4] centre x, centre y, width, height.
        scores: [N, A, C], 0 for no candidate. Only the best `MAX_CANDIDATES` of each picture
            are considered.
        threshold: overlaps above it remove a box, 0-1; 0 keeps all boxes, as in C.
        exponent: see `pairwise_iou`.

    Returns:
        Boxes [K, 4] as left, top, right, bottom; scores [K]; class ids [K]; indices [K] of
        their pictures in the batch.

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB).
    """
    score, index = _best(scores)
    kind, box = index % scores.shape[2], index // scores.shape[2]
    row = torch.arange(boxes.shape[0], device=boxes.device)[:, None]
    chosen = cxcywh_to_xyxy(boxes[row, box])
    # Among equal scores the first index comes first, whatever order topk returned.
    ties = (score[:, None] == score[:, :, None]) & (index[:, None] < index[:, :, None])
    better = (score[:, None] > score[:, :, None]) | ties
    keep = score > 0
    if threshold:
        same = kind[:, None] == kind[:, :, None]
        keep = _settle(better & same & (pairwise_iou(chosen, exponent) > threshold), keep)
    rank = torch.where(keep, (better & keep[:, None]).sum(-1), MAX_CANDIDATES)
    order = torch.sort(rank, 1)[1]
    picture, place = torch.nonzero(keep[row, order], as_tuple=True)
    at = order[picture, place]
    return chosen[picture, at], score[picture, at], kind[picture, at], picture


def _best(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The best scores of each picture, [N, K], and their indices among its A * C.

    K is the largest count of candidates of a picture, at most `MAX_CANDIDATES`; rows with fewer
    end with zeros. K is never 0, for which onnxruntime's sums get a wrong shape.
    """
    flat = scores.flatten(1)
    score, index = functional.pad(flat, (0, MAX_CANDIDATES)).topk(MAX_CANDIDATES, 1)
    count = (score > 0).sum(1).max().clamp(min=1).item()
    torch._check(count >= 1)
    torch._check(count <= MAX_CANDIDATES)
    last = flat.shape[1] - 1
    return score[:, :count], index[:, :count].clamp(max=last)


def _settle(beats: Tensor, candidates: Tensor) -> Tensor:
    """The one set of `candidates` [N, K] whose members no other member `beats` [N, K, K]."""
    # The operator itself: `while_loop` around it compiles the functions, which PyTorch 2.9
    # refuses if a size is known at run time only.
    from torch._higher_order_ops.while_loop import while_loop_op

    def changed(keep: Tensor, before: Tensor, beats: Tensor, candidates: Tensor) -> Tensor:
        return (keep != before).sum() > 0

    def recompute(
        keep: Tensor, before: Tensor, beats: Tensor, candidates: Tensor
    ) -> tuple[Tensor, Tensor]:
        return candidates & ((beats & keep[:, None]).sum(-1) == 0), keep.clone()

    loop: Any = while_loop_op  # its annotation wants exactly one tensor
    start = (candidates.clone(), ~candidates)
    settled: Tensor = loop(changed, recompute, start, (beats, candidates))[0]
    return settled
