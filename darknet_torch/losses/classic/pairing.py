"""Which of the boxes that a truth could have it gets, by their predictions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def choose_by_prediction(
    ious: Sequence[Tensor], shape_ious: Sequence[Tensor], bound: float | None
) -> list[Tensor]:
    """For each truth, choose the box of its cells that overlaps it best, among all heads.

    Args:
        ious: of each head [K, boxes], the IoU of each of K truths with the boxes of its cell.
        shape_ious: of each head [K, boxes], the IoU with the boxes' anchors by shape. It decides
            where no predicted box overlaps the truth.
        bound: boxes with a larger IoU are chosen, too; None for the best one alone.

    Returns:
        Of each head [K, boxes] bool.
    """
    together = torch.cat(list(ious), 1)
    overlapping = together.amax(1, keepdim=True) > 0
    best = torch.where(overlapping, together, torch.cat(list(shape_ious), 1)).argmax(1)
    chosen = torch.arange(together.shape[1], device=best.device) == best[:, None]
    if bound is not None:
        chosen = chosen | (together > bound)
    return list(chosen.split([each.shape[1] for each in ious], 1))
