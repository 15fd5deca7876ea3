"""Convolution and batch normalisation with the sums of C's loops: value by value, in float32.

See `darknet_torch.ops.arithmetic` for when and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

# C's constants are floats; here they are used with doubles.
_EPSILON, _OUTSIDE = float(np.float32(1e-5)), float(np.float32(1e-6))


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weights: Tensor,
        biases: Tensor | None,
        window: ConvolutionWindow,
    ) -> Tensor:
        ctx.save_for_backward(x, weights)
        ctx.window, ctx.biases = window, biases
        parts = []
        for part, kernel in _groups(x, weights, window.groups):
            out = product(kernel.flatten(1), window.columns(part).transpose(0, 1).flatten(1))
            parts.append(out.reshape(len(kernel), len(x), -1).transpose(0, 1))
        height, width = window.output(*x.shape[-2:])
        out = torch.cat(parts, 1).reshape(len(x), len(weights), height, width)
        return out if biases is None else out + biases[:, None, None]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Source: convolutional_layer.c backward_convolutional_layer, gemm.c gemm_nt, gemm_tn."""
        x, weights = ctx.saved_tensors
        window: ConvolutionWindow = ctx.window
        into_x, into_weights = torch.zeros_like(x), _running_sum(weights)
        delta = gradients[0].flatten(2)
        groups = zip(
            into_x.chunk(window.groups, 1),
            into_weights.chunk(window.groups),
            delta.chunk(window.groups, 1),
            _groups(x, weights, window.groups),
            strict=True,
        )
        for part_x, part_weights, part_delta, (part, kernel) in groups:
            for image, rows in enumerate(part_delta):
                columns = window.columns(part[image : image + 1])[0]
                part_weights += product(rows, columns.T).view_as(part_weights)
                if ctx.needs_input_grad[0]:
                    back = product(kernel.flatten(1).T, rows)
                    window.add_columns(part_x[image], back)
        into_biases = None
        if ctx.biases is not None:
            into_biases = sums_by_image(gradients[0], _running_sum(ctx.biases))
        return (
            into_x,
            _still_to_add(weights, into_weights),
            _still_to_add(ctx.biases, into_biases),
            None,
        )


def _running_sum(parameter: Tensor) -> Tensor:
    """The tensor that each image's gradient is added to: C keeps no sum of the mini-batch."""
    begun = parameter.is_leaf and parameter.grad is not None
    return parameter.grad if begun else torch.zeros_like(parameter)  # type: ignore[return-value]


def _still_to_add(parameter: Tensor | None, gradient: Tensor | None) -> Tensor | None:
    """The gradient that autograd still has to add, None if it was added in place."""
    if parameter is not None and parameter.is_leaf and gradient is parameter.grad:
        return None
    return gradient


def convolution(
    x: Tensor, weights: Tensor, biases: Tensor | None, window: ConvolutionWindow
) -> Tensor:
    """`functional.conv2d`, and its gradient, summed over channels and window in C's order.

    Args:
        x: [N, C, H, W].
        weights: [filters, C / groups, size, size].
        biases: [filters], added last.

    Source: convolutional_layer.c, im2col.c, col2im.c (both code bases).
    """
    out: Tensor = _Convolution.apply(x, weights, biases, window)  # type: ignore[no-untyped-call]
    return out


@dataclass(frozen=True)
class ConvolutionWindow:
    """The window of a convolution without dilation; `padding` is on each side."""

    size: int
    strides: tuple[int, int]
    padding: int
    groups: int

    def output(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output."""
        reach = 2 * self.padding - self.size
        return (height + reach) // self.strides[0] + 1, (width + reach) // self.strides[1] + 1

    def columns(self, x: Tensor) -> Tensor:
        """[N, C * size^2, positions]. Source: im2col.c."""
        return functional.unfold(x, self.size, padding=self.padding, stride=self.strides)

    def add_columns(self, x: Tensor, columns: Tensor) -> None:
        """Add [C * size^2, positions] back to the [C, H, W] they came from, tap by tap.

        Source: col2im.c.
        """
        channels, height, width = x.shape
        rows, steps = self.output(height, width)
        edge = self.padding
        padded = functional.pad(x, (edge, edge, edge, edge))
        taps = columns.reshape(channels, self.size, self.size, rows, steps)
        down, right = self.strides
        for row in range(self.size):
            for column in range(self.size):
                last_row, last_column = row + (rows - 1) * down, column + (steps - 1) * right
                place = padded[:, row : last_row + 1 : down, column : last_column + 1 : right]
                place += taps[:, row, column]
        x.copy_(padded[:, edge : edge + height, edge : edge + width])


def _groups(x: Tensor, weights: Tensor, groups: int) -> Iterator[tuple[Tensor, Tensor]]:
    yield from zip(x.chunk(groups, 1), weights.chunk(groups), strict=True)


class _Normalization(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        scales: Tensor,
        biases: Tensor,
        mean: Tensor,
        variance: Tensor,
        divisors: tuple[Tensor, Tensor],
    ) -> Tensor:
        shape = [1, -1] + [1] * (x.dim() - 2)
        normal = ((x - mean.view(shape)).double() / divisors[0].view(shape)).to(x.dtype)
        ctx.save_for_backward(x, normal, scales, mean, variance, divisors[1])
        ctx.biases = biases
        return normal * scales.view(shape) + biases.view(shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Source: batchnorm_layer.c backward_scale_cpu, mean_delta_cpu, variance_delta_cpu,
        normalize_delta_cpu; float64 where C computes in double.
        """
        (delta,) = gradients
        x, normal, scales, mean, variance, divided = ctx.saved_tensors
        shape = [1, -1] + [1] * (x.dim() - 2)
        count = x.numel() // x.shape[1]
        scaled, apart = delta * scales.view(shape), x - mean.view(shape)
        precise = (variance + _EPSILON).double()
        mean_delta = (sums(scaled).double() * -precise.rsqrt()).float()
        variance_delta = (sums(scaled * apart).double() * -0.5 * precise**-1.5).float()
        into_x = scaled.double() / divided.view(shape)
        into_x += variance_delta.double().view(shape) * 2 * apart.double() / count
        into_x += (mean_delta / count).view(shape)
        into_biases = sums_by_image(delta, _running_sum(ctx.biases))
        rest = _still_to_add(ctx.biases, into_biases)
        return into_x.to(x.dtype), sums(delta * normal), rest, None, None, None


def normalization(
    x: Tensor,
    scales: Tensor,
    biases: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon_inside_root: bool,
) -> Tensor:
    """Batch normalisation by the `statistics` of `x`, with C's gradient and rounding.

    Args:
        epsilon_inside_root: see `darknet_torch.ops.normalization.batch_norm`.

    Source: blas.c normalize_cpu, batchnorm_layer.c backward_batchnorm_layer.
    """
    inside, root = (variance + _EPSILON).double().sqrt(), variance.double().sqrt()
    # The divisor of the forward pass, then the divisor of the delta itself: each code base has its
    # epsilon inside the root in one of them, and outside in the other.
    divisors = (inside, root + _EPSILON) if epsilon_inside_root else (root + _OUTSIDE, inside)
    out: Tensor = _Normalization.apply(  # type: ignore[no-untyped-call]
        x, scales, biases, mean, variance, divisors
    )
    return out


def sums(values: Tensor) -> Tensor:
    """[C]: [N, C, ...] added up one after the other."""
    flat = values.float().transpose(0, 1).flatten(1).contiguous().cpu().numpy()
    return torch.from_numpy(np.add.accumulate(flat, 1)[:, -1].copy()).to(values.device)


def sums_by_image(values: Tensor, total: Tensor) -> Tensor:
    """[C]: `sums` of each of N, added to `total`. Source: convolutional_layer.c backward_bias."""
    for image in values.split(1):
        total += sums(image)
    return total


@torch.no_grad()
def product(weights: Tensor, matrix: Tensor) -> Tensor:
    """[M, K] times [K, N], the K products added one after the other.

    Source: gemm.c gemm_nn, gemm_nt, gemm_tn (both code bases).
    """
    total = matrix.new_zeros(weights.shape[0], matrix.shape[1])
    for column, row in zip(weights.T, matrix, strict=True):
        total += column[:, None] * row
    return total


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
