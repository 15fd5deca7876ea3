"""Parts that the deltas of several heads have in common."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.cfg.options import FLT_MAX
from darknet_torch.heads.yolo import AnchorOptions


def class_multipliers(options: AnchorOptions, device: torch.device) -> Tensor | None:
    """[classes]: how much more a rare class counts. Source: parser.c get_classes_multipliers."""
    counters = options.counters_per_class
    if not counters:
        return None
    counts = torch.tensor(counters, dtype=torch.float32, device=device).clamp(min=1)
    return (counts.max() / counts).clamp(max=options.max_delta)


def focal(scores: Tensor, classes: Tensor) -> Tensor:
    """[K, classes]: the deltas of the focal loss.

    Source: yolo_layer.c delta_yolo_class, region_layer.c delta_region_class (AlexeyAB).
    """
    column = classes[:, None]
    certain = scores.gather(1, column) + 1e-15
    slope = -(1 - certain) * (2 * certain * certain.log() + certain - 1)
    wanted = torch.zeros_like(scores).scatter_(1, column, 1.0)
    return (wanted - scores) * (0.5 * slope)


def clipped(delta: Tensor, bound: float) -> Tensor:
    """`delta` without NaN and infinities, and within `bound`.

    Source: yolo_layer.c fix_nan_inf, clip_value (AlexeyAB).
    """
    delta = torch.where(torch.isfinite(delta), delta, 0.0)
    return delta if bound == FLT_MAX else delta.clamp(-bound, bound)
