"""PyTorch's functions for the formulas of `darknet_torch.decoding`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from darknet_torch.decoding.arrays import ArrayFunctions

_NEUTRAL = {"amax": -torch.inf, "sum": 0.0}


def _indices(values: Any, like: Tensor) -> Tensor:
    return torch.tensor(np.asarray(values), device=like.device)


def _reduce_groups(kind: str, x: Tensor, group_of: np.ndarray) -> Tensor:
    neutral = x.new_full((*x.shape[:-1], int(group_of[-1]) + 1), _NEUTRAL[kind])
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
