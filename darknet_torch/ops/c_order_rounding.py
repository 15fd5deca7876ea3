"""Activations and means with the rounding of the C code, see `darknet_torch.ops.arithmetic`."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

_SLOPE, _VECTOR = 0.1, 8


class _Logistic(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, in_double: bool) -> Tensor:
        if in_double:
            out = (1 / (1 + torch.exp(-x.double()))).to(x.dtype)
        else:
            raised = np.fromiter(map(_expf(), (-x).flatten().tolist()), np.float32, x.numel())
            out = 1 / (1 + torch.from_numpy(raised).view(x.shape).to(x.device))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (out,) = ctx.saved_tensors
        return gradients[0] * ((1 - out) * out), None


def logistic(x: Tensor, *, in_double: bool) -> Tensor:
    """`torch.sigmoid`, rounded as C's.

    Args:
        in_double: see `NumericRules.logistic_in_double`.

    Source: activations.h logistic_activate.
    """
    out: Tensor = _Logistic.apply(x, in_double)  # type: ignore[no-untyped-call]
    return out


@functools.cache
def _expf() -> Callable[[float], float]:
    """expf of the C library: its last digit differs from PyTorch's."""
    function = ctypes.CDLL(ctypes.util.find_library("m") or "ucrtbase").expf
    function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    return function


def softmax(x: Tensor, dim: int) -> Tensor:
    """`torch.softmax` of floats, added up one after the other.

    Source: blas.c softmax (AlexeyAB), softmax_cpu (pjreddie).
    """
    raised = (x - x.amax(dim, keepdim=True)).double().exp().to(x.dtype)
    total = torch.zeros_like(raised.select(dim, 0))
    for value in raised.unbind(dim):
        total = total + value
    return raised / total.unsqueeze(dim)


class _Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.shape, ctx.count = x.shape, x[0, 0].numel()
        values = x.flatten(2).detach().cpu().numpy()
        total = torch.from_numpy(np.add.accumulate(values, 2)[:, :, -1].copy()).to(x.device)
        return (total / ctx.count)[:, :, None, None]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return (gradients[0] / ctx.count).expand(ctx.shape)


def mean(x: Tensor) -> Tensor:
    """[N, C, 1, 1]: the means of [N, C, H, W].

    Source: avgpool_layer.c forward_avgpool_layer, backward_avgpool_layer.
    """
    out: Tensor = _Mean.apply(x)  # type: ignore[no-untyped-call]
    return out


class _Leaky(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, doubles: str) -> Tensor:
        ctx.save_for_backward(x)
        out = torch.where(x > 0, x, x * _SLOPE)
        if doubles != "none":
            flat, values = out.view(-1), x.reshape(-1)
            # The vectors of 8 in C's loop leave 1 to 8 values for a scalar loop.
            rest = values.numel() if doubles == "all" else (values.numel() - 1) % _VECTOR + 1
            tail = values[-rest:]
            flat[-rest:] = torch.where(tail > 0, tail, (tail.double() * _SLOPE).to(x.dtype))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return torch.where(x > 0, gradients[0], gradients[0] * _SLOPE), None


def leaky(x: Tensor, doubles: str) -> Tensor:
    """[N, C, H, W], values below 0 times .1.

    Args:
        doubles: see `NumericRules.double_slopes`.

    Source: gemm.c activate_array_cpu_custom (AlexeyAB), activations.h leaky_activate.
    """
    out: Tensor = _Leaky.apply(x.contiguous(), doubles)  # type: ignore[no-untyped-call]
    return out
