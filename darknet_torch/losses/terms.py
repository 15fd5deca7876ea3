"""Terms that the deltas of several heads have in common."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.cfg.options import FLT_MAX

RECALL_IOU = 0.5  # a matched box above it counts as found, in the log


def focal_delta(scores: Tensor, class_ids: Tensor) -> Tensor:
    """Class deltas of the focal loss with alpha 0.5 and gamma 2.

    Args:
        scores: [K, classes] predicted class scores.
        class_ids: [K] int64, the ground truth's class.

    Returns:
        [K, classes].

    Source: yolo_layer.c delta_yolo_class, region_layer.c delta_region_class (AlexeyAB).
    """
    column = class_ids[:, None]
    pt = scores.gather(1, column) + 1e-15
    grad = -(1 - pt) * (2 * pt * pt.log() + pt - 1)
    target = torch.zeros_like(scores).scatter_(1, column, 1.0)
    return (target - scores) * (0.5 * grad)


def clip_delta(delta: Tensor, max_delta: float) -> Tensor:
    """Replace NaN and infinities by 0, then clip to -`max_delta` ... `max_delta`.

    Source: yolo_layer.c fix_nan_inf, clip_value (AlexeyAB).
    """
    delta = torch.where(torch.isfinite(delta), delta, 0.0)
    return delta if max_delta == FLT_MAX else delta.clamp(-max_delta, max_delta)


def match_statistics(ious: Tensor) -> dict[str, Tensor]:
    """Number of matched boxes, their mean IoU, and the part of them above an IoU of 0.5.

    Args:
        ious: [K] of each matched box with its ground truth.

    Returns:
        Scalars "count", "iou" and "recall" for `Loss.parts`.
    """
    count = len(ious)
    means = torch.stack((ious, ious > RECALL_IOU)).sum(1) / max(1, count)
    return {"count": ious.new_full((), count), "iou": means[0], "recall": means[1]}
