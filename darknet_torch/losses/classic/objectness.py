"""The loss of the objectness of all boxes."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from darknet_torch.losses.classic.settings import AUTO


def objectness_losses(
    logits: Tensor, target: Tensor, weights: Tensor, empty: Tensor, positive_weight: float | str
) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy, summed over the boxes with a truth and over the empty ones.

    Args:
        logits: [M] of all boxes of a mini-batch.
        target: [M] 0-1, 0 for boxes without a truth.
        weights: [M] of the boxes with a truth, 0 for the others.
        empty: [M] bool, boxes without a truth that are not ignored.
        positive_weight: factor on the first sum, or "auto": the number of empty boxes divided by
            that of the boxes with a truth, as the documentation of torch.nn.BCEWithLogitsLoss
            suggests for its pos_weight.

    Returns:
        Two scalars.
    """
    losses = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    factor: Tensor | float
    if positive_weight == AUTO:
        factor = empty.sum() / (weights > 0).sum().clamp(min=1)
    else:
        factor = float(positive_weight)
    return factor * (losses * weights).sum(), (losses * empty).sum()
