"""The choice among overlapping boxes as tensor functions, for graphs that end with it.

`darknet_torch.results.boxes` does the same on arrays, box by box.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

MOST = 2048  # boxes of a picture that are compared with each other: 16 MB per array of pairs


def corners(boxes: Tensor) -> Tensor:
    """[..., 4] centre x, centre y, width, height to left, top, right, bottom."""
    half = boxes[..., 2:] / 2
    return torch.cat((boxes[..., :2] - half, boxes[..., :2] + half), -1)


def overlaps(boxes: Tensor, exponent: float | None) -> Tensor:
    """[..., K, K] overlap of each of `boxes` [..., K, 4], corners, with each.

    Args:
        exponent: of the penalty for a distance of the centres; None for plain IoU.

    Source: box.c box_iou, box_diou, box_diounms (AlexeyAB).
    """
    one, other = boxes[..., :, None, :], boxes[..., None, :, :]
    inside = (
        torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])
    ).clamp(min=0)
    # Products are spelt out: onnxruntime's product over an axis breaks on no boxes.
    shared = inside[..., 0] * inside[..., 1]
    size = boxes[..., 2:] - boxes[..., :2]
    area = size[..., 0] * size[..., 1]
    union = area[..., :, None] + area[..., None, :] - shared
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


def suppress(
    boxes: Tensor, scores: Tensor, *, threshold: float, exponent: float | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The boxes of a batch that remain, picture by picture, the most certain first.

    A box remains if no better one of its class that remains overlaps it too much. That is
    found for all at once: starting from all, the set is computed from itself until it
    does not change, which settles at least the next best box each time.

    Args:
        boxes: [N, A, 4] centre x, centre y, width, height.
        scores: [N, A, C], 0 for no candidate. Of each picture the best `MOST` are looked at.
        threshold: overlaps above it are too much; 0 keeps all, as in C.
        exponent: see `overlaps`.

    Returns:
        Boxes [K, 4] as left, top, right, bottom; scores [K]; class ids [K]; pictures [K].

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB).
    """
    score, index = _best(scores)
    kind, box = index % scores.shape[2], index // scores.shape[2]
    row = torch.arange(boxes.shape[0], device=boxes.device)[:, None]
    chosen = corners(boxes[row, box])
    # Of equal ones the first comes first, whatever order they were found in.
    ties = (score[:, None] == score[:, :, None]) & (index[:, None] < index[:, :, None])
    better = (score[:, None] > score[:, :, None]) | ties
    keep = score > 0
    if threshold:
        same = kind[:, None] == kind[:, :, None]
        keep = _settle(better & same & (overlaps(chosen, exponent) > threshold), keep)
    rank = torch.where(keep, (better & keep[:, None]).sum(-1), MOST)
    order = torch.sort(rank, 1)[1]
    picture, place = torch.nonzero(keep[row, order], as_tuple=True)
    at = order[picture, place]
    return chosen[picture, at], score[picture, at], kind[picture, at], picture


def _best(scores: Tensor) -> tuple[Tensor, Tensor]:
    """The best candidates of each picture, [N, K], and their places among its A * C.

    K is what the picture with the most has, up to `MOST`; others end with zeros. It is never
    0, for which onnxruntime's sums get a wrong shape.
    """
    flat = scores.flatten(1)
    score, index = functional.pad(flat, (0, MOST)).topk(MOST, 1)
    count = (score > 0).sum(1).max().clamp(min=1).item()
    torch._check(count >= 1)
    torch._check(count <= MOST)
    last = flat.shape[1] - 1
    return score[:, :count], index[:, :count].clamp(max=last)


def _settle(beats: Tensor, candidates: Tensor) -> Tensor:
    """The one set among `candidates` [N, K] in which is whoever nobody in it `beats` [N, K, K]."""
    from torch._higher_order_ops import while_loop

    def unsettled(keep: Tensor, before: Tensor) -> Tensor:
        return (keep != before).sum() > 0

    def again(keep: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        return candidates & ((beats & keep[:, None]).sum(-1) == 0), keep.clone()

    settled: Tensor = while_loop(unsettled, again, (candidates.clone(), ~candidates))[0]
    return settled
