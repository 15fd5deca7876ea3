"""Threshold and non-maximum suppression (NMS) of a batch on its device.

The result is that of `darknet_torch.results.suppression`, in float64 as there. A candidate is a
box with a class whose score is above the threshold. Candidates of one picture and class form a
group.

1. All groups are compared at once: as one array of all pairs while there are few candidates,
   else as an array [groups, B, B] of the best B of each group.
2. A candidate is kept if no kept one of a higher score overlaps it too much: a fixed point,
   which a few rounds over the array find (`_settle`).
3. Where groups have more than B members, those that are kept drop others, and the rest goes
   through the same steps. So memory is bounded, whatever the number of candidates.

The host has to wait for the device where it must know a number: that of the candidates, whether
the rounds have settled, and that of the detections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from darknet_torch.heads.base import Predictions
from darknet_torch.ops.suppression import box_iou, cxcywh_to_xyxy, pairwise_iou

_PAIRS_AT_ONCE = 1 << 22  # compared in one step: 32 MB for each array of float64
_AS_ONE_GROUP = 1 << 10  # candidates whose pairs are all compared, without looking at groups
_ROUNDS = 3  # before the host asks whether they have settled


@dataclass(frozen=True)
class FoundBoxes:
    """The boxes of one picture that are left after NMS, those of high scores first.

    Of equal scores, the box that the network has first comes first, and of one box the class
    with the lower number.

    Attributes:
        boxes_cxcywh: [D, 4] float64, centre x, centre y, width, height in 0-1 of the picture;
            they may reach beyond it.
        scores: [D] float32, 0-1.
        class_ids: [D] int64.
    """

    boxes_cxcywh: np.ndarray
    scores: np.ndarray
    class_ids: np.ndarray


@torch.inference_mode()
def find_boxes(
    predictions: Predictions,
    placing: Tensor,
    *,
    threshold: float,
    nms_threshold: float,
    exponent: float | None,
) -> list[FoundBoxes]:
    """Apply the threshold and NMS to the predictions for a batch, on their device.

    Args:
        predictions: all boxes of N pictures, float32.
        placing: [N, 2, 4] float64 on the same device: `Placement.margins` and `.ratios` of each
            picture.
        threshold: of the objectness and of the scores, 0-1.
        nms_threshold: of overlaps, 0-1; 0 keeps all, as in C.
        exponent: see `darknet_torch.results.boxes.penalty_exponent`.

    Returns:
        What is left of each picture.

    Source: network.c get_network_boxes, yolo_layer.c get_yolo_detections, box.c do_nms_sort,
    diounms_sort (AlexeyAB).
    Differs: boxes that are not finite, which untrained networks give, are dropped.
    """
    pictures, count, classes = predictions.class_scores.shape
    above = predictions.class_scores > threshold
    certain = predictions.objectness > threshold
    above &= (certain & predictions.boxes.isfinite().all(-1))[..., None]
    at = above.flatten().nonzero()[:, 0]
    box, class_id = at // classes, at % classes
    picture = box // count
    margins, ratios = placing[picture].unbind(1)
    boxes = (predictions.boxes.flatten(0, 1)[box].double() - margins) / ratios
    scores = predictions.class_scores.flatten()[at]
    order = scores.argsort(descending=True, stable=True)
    kept = keep_best(
        cxcywh_to_xyxy(boxes[order]),
        (picture * classes + class_id)[order],
        nms_threshold,
        exponent=exponent,
    )
    columns = (picture, scores, class_id)
    rows = torch.cat((boxes, torch.stack([column.double() for column in columns], 1)), 1)
    return _by_picture(rows[order[kept]].cpu().numpy(), pictures)


def _by_picture(rows: np.ndarray, pictures: int) -> list[FoundBoxes]:
    """Split rows of box, picture, score, class [D, 7], which keep their order, by picture."""
    rows = rows[np.argsort(rows[:, 4], kind="stable")]
    parts = np.split(rows, np.searchsorted(rows[:, 4], np.arange(1, pictures)))
    return [
        FoundBoxes(part[:, :4], part[:, 5].astype(np.float32), part[:, 6].astype(np.int64))
        for part in parts
    ]


def keep_best(
    corners: Tensor, groups: Tensor, threshold: float, *, exponent: float | None
) -> Tensor:
    """Non-maximum suppression: drop candidates that overlap a kept one before them.

    Args:
        corners: [P, 4] float64, left, top, right, bottom; those of high scores first.
        groups: [P] int64; only candidates of one group meet.
        threshold: those that overlap by more than this are dropped; 0 keeps all, as in C.
        exponent: see `darknet_torch.ops.suppression.box_iou`.

    Returns:
        [P] bool.
    """
    if not threshold or not len(groups):
        return torch.ones_like(groups, dtype=torch.bool)
    overlap = _Overlap(threshold, exponent)
    if len(groups) <= _AS_ONE_GROUP:
        beats = overlap.of_pairs(corners) & (groups[:, None] == groups)
        return _settle(beats.tril(-1), torch.ones_like(groups, dtype=torch.bool))
    order = groups.argsort(stable=True)
    kept = torch.empty_like(groups, dtype=torch.bool)
    kept[order] = _keep_best_of_groups(corners[order], groups[order], overlap)
    return kept


@dataclass(frozen=True)
class _Overlap:
    """Whether boxes overlap too much; arguments as those of `keep_best`."""

    threshold: float
    exponent: float | None

    def of_pairs(self, corners: Tensor) -> Tensor:
        """[..., K, 4] to [..., K, K] bool."""
        return pairwise_iou(corners, self.exponent) > self.threshold

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """[..., 4] and what broadcasts with it, to [...] bool."""
        return box_iou(one, other, self.exponent) > self.threshold


def _keep_best_of_groups(corners: Tensor, groups: Tensor, overlap: _Overlap) -> Tensor:
    """`keep_best` of candidates whose groups follow each other."""
    kept = torch.zeros_like(groups, dtype=torch.bool)
    rest = torch.arange(len(groups), device=groups.device)
    while len(rest):
        sizes = groups[rest].unique_consecutive(return_inverse=True, return_counts=True)
        _, group_of, counts = sizes
        at_once = _members_at_once(len(counts), int(counts.max()))
        start = counts.cumsum(0) - counts
        rank = torch.arange(len(rest), device=rest.device) - start[group_of]
        places = torch.arange(at_once, device=rest.device)
        real = places < counts[:, None]
        best = rest[(start[:, None] + places).clamp(max=len(rest) - 1)]
        settled = _settle_groups(corners[best], real, overlap)
        kept[best[settled]] = True
        later = (rank >= at_once).nonzero()[:, 0]
        dropped = _overlapping_any(
            corners[rest[later]], group_of[later], corners[best], settled, overlap
        )
        rest = rest[later[~dropped]]
    return kept


def _members_at_once(groups: int, largest: int) -> int:
    """How many members of each group are compared with each other in one step."""
    return max(1, min(largest, int((_PAIRS_AT_ONCE / groups) ** 0.5)))


def _settle_groups(corners: Tensor, real: Tensor, overlap: _Overlap) -> Tensor:
    """Which of the best members of each group are kept.

    Args:
        corners: [G, B, 4], those of high scores first.
        real: [G, B] which of them are members.
        overlap: what drops them.

    Returns:
        [G, B] bool.
    """
    return _settle(overlap.of_pairs(corners).tril(-1), real)


def _settle(beats: Tensor, candidates: Tensor) -> Tensor:
    """The one set of candidates that holds all but those that a member beats.

    Args:
        beats: [..., K, K] whether the second candidate beats the first.
        candidates: [..., K] bool.

    Returns:
        [..., K] bool.
    """
    kept = candidates
    while True:
        for _ in range(_ROUNDS):
            before = kept
            kept = candidates & ~(beats & kept[..., None, :]).any(-1)
        if torch.equal(kept, before):
            return kept


def _overlapping_any(
    corners: Tensor, group_of: Tensor, best: Tensor, settled: Tensor, overlap: _Overlap
) -> Tensor:
    """Which candidates a kept one of their group drops, [R] bool.

    Args:
        corners: [R, 4].
        group_of: [R] index of the group of each, 0 to G - 1.
        best: [G, B, 4] the best members of each group.
        settled: [G, B] which of those are kept.
        overlap: what drops candidates.
    """
    step = max(1, _PAIRS_AT_ONCE // best.shape[1])
    parts = [
        (overlap(some[:, None], best[group]) & settled[group]).any(1)
        for some, group in zip(corners.split(step), group_of.split(step), strict=True)
    ]
    return torch.cat(parts)
