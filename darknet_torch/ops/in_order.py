"""Sums with the rounding of C's loops: value by value, in float32.

PyTorch adds in blocks and loses less. The difference is some 1e-7 of a sum, but a value
behind it that is as near to zero may change its sign, and with it a gradient. These are
slow, for reproducing what a run of the C code gave to the last digit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


def sum_in_order(module: nn.Module, enabled: bool = True) -> None:
    """Let all parts of `module` that can sum up in C's order."""
    for part in module.modules():
        if hasattr(part, "in_order"):
            setattr(part, "in_order", enabled)  # noqa: B010  a module takes tensors alone


class _Instead(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, computed: Tensor, exact: Tensor) -> Tensor:
        return exact

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def instead(computed: Tensor, exact: Tensor) -> Tensor:
    """The values of `exact` with the gradient of `computed`."""
    taken: Tensor = _Instead.apply(computed, exact)  # type: ignore[no-untyped-call]
    return taken


@torch.no_grad()
def product(weights: Tensor, matrix: Tensor) -> Tensor:
    """[M, K] times [K, N], the K products added one after the other.

    Source: gemm.c gemm_nn (both code bases).
    """
    total = matrix.new_zeros(weights.shape[0], matrix.shape[1])
    for column, row in zip(weights.T, matrix, strict=True):
        total += column[:, None] * row
    return total


@torch.no_grad()
def convolution(
    x: Tensor, weights: Tensor, strides: tuple[int, int], padding: int, dilation: int, groups: int
) -> Tensor:
    """`functional.conv2d` without biases, summed over channels and window in C's order.

    Source: convolutional_layer.c forward_convolutional_layer, im2col.c.
    """
    size = weights.shape[-1]
    parts = []
    for part, kernel in zip(x.chunk(groups, 1), weights.chunk(groups), strict=True):
        matrix = functional.unfold(part, size, dilation, padding, strides)
        together = matrix.transpose(0, 1).flatten(1)
        out = product(kernel.flatten(1), together)
        parts.append(out.reshape(len(kernel), len(x), -1).transpose(0, 1))
    height = (x.shape[-2] + 2 * padding - dilation * (size - 1) - 1) // strides[0] + 1
    return torch.cat(parts, 1).reshape(len(x), len(weights), height, -1)


@torch.no_grad()
def statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """[C] mean and [C] variance over N - 1 of [N, C, ...].

    Source: blas.c mean_cpu, variance_cpu.
    """
    values = x.float().transpose(0, 1).flatten(1).contiguous().cpu().numpy()
    count = values.shape[1]
    mean = np.add.accumulate(values, 1)[:, -1] * np.float32(1 / count)
    # C squares and adds in float64, and stores the sum in float32 after each value.
    squares = (values - mean[:, None]).astype(np.float64) ** 2
    total = np.zeros(len(mean), np.float32)
    for square in squares.T:
        total = (total + square).astype(np.float32)
    variance = total * np.float32(1 / max(1, count - 1))
    return torch.from_numpy(mean).to(x.device), torch.from_numpy(variance).to(x.device)
