"""PyTorch's functions for the formulas of `darknet_torch.decoding`."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.decoding.arrays import ArrayFunctions, FixedIndices

_NEUTRAL = {"amax": -torch.inf, "sum": 0.0}


def _indices(fixed: FixedIndices, like: Tensor) -> Tensor:
    if like.device.type == "cpu":
        return torch.tensor(fixed.values)  # an exporter of graphs has to see it made
    if like.device not in fixed.copies:
        with torch.inference_mode(False):  # training reads it, too
            fixed.copies[like.device] = torch.tensor(fixed.values, device=like.device)
    found: Tensor = fixed.copies[like.device]
    return found


def _reduce_groups(kind: str, x: Tensor, group_of: FixedIndices) -> Tensor:
    groups = int(group_of.values[-1]) + 1
    neutral = x.new_full((*x.shape[:-1], groups), _NEUTRAL[kind])
    return neutral.scatter_reduce(-1, _indices(group_of, x).expand_as(x), x, kind)


TORCH = ArrayFunctions(
    xp=torch,
    concatenate=torch.cat,
    logistic=torch.sigmoid,
    softmax=torch.softmax,
    reduce_groups=_reduce_groups,
    indices=_indices,
    to_numpy=lambda x: x.detach().cpu().numpy(),
)
