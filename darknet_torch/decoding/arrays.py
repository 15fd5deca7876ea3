"""The functions that formulas call, which numpy and PyTorch do not share or spell alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class FixedIndices:
    """Integers, or flags, of a formula, which never change.

    Attributes:
        values: them.
        copies: device -> the copy there, which PyTorch's functions make at the first use: while a
            CUDA graph is recorded, nothing may be copied from the host.
    """

    values: np.ndarray
    copies: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ArrayFunctions:
    """A namespace of arrays, numpy or torch, and what the two have under different names.

    Attributes:
        xp: the module; formulas call only what both modules have, with the same arguments.
        concatenate: joins a tuple of arrays along an axis.
        logistic: the logistic function of every value.
        softmax: exponentials along an axis, divided by their sum.
        reduce_groups: the largest ("amax") or the sum ("sum") of each group of values along the
            last axis. The groups are adjacent, and the last argument has the index of each
            value's group: [..., C], [C] -> [..., groups].
        indices: makes fixed indices an array that indexes the second argument.
        to_numpy: copies an array of `xp` to numpy, where it is not one already.
    """

    xp: Any
    concatenate: Callable[[tuple[Any, ...], int], Any]
    logistic: Callable[[Any], Any]
    softmax: Callable[[Any, int], Any]
    reduce_groups: Callable[[str, Any, FixedIndices], Any]
    indices: Callable[[FixedIndices, Any], Any]
    to_numpy: Callable[[Any], np.ndarray]


def _logistic(x: np.ndarray) -> np.ndarray:
    out = np.negative(x)  # one new array: memory costs more than arithmetic here
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    raised = np.exp(x - x.max(axis, keepdims=True))
    return raised / raised.sum(axis, keepdims=True)


_REDUCTIONS = {"amax": np.maximum, "sum": np.add}


def _reduce_groups(kind: str, x: np.ndarray, group_of: FixedIndices) -> np.ndarray:
    starts = np.flatnonzero(np.diff(group_of.values, prepend=-1))
    return _REDUCTIONS[kind].reduceat(x, starts, -1)


NUMPY = ArrayFunctions(
    xp=np,
    concatenate=np.concatenate,
    logistic=_logistic,
    softmax=_softmax,
    reduce_groups=_reduce_groups,
    indices=lambda fixed, like: fixed.values,
    to_numpy=lambda x: x,
)
