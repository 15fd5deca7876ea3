"""Batch normalisation as Darknet computes it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_INSIDE_ROOT = 1e-5
_OUTSIDE_ROOT = 1e-6


def batch_norm(
    x: Tensor,
    scales: Tensor,
    biases: Tensor,
    rolling_mean: Tensor,
    rolling_variance: Tensor,
    *,
    epsilon_inside_root: bool,
    rolling_step: float,
    training: bool,
) -> Tensor:
    """Normalise each channel, then scale and shift it.

    In training the batch's own mean and variance normalise and, weighted by
    `rolling_step`, enter the rolling ones in place. The variance divides by N - 1,
    for normalising too.

    Args:
        x: [N, C, ...].
        scales, biases, rolling_mean, rolling_variance: [C].
        epsilon_inside_root: divide by sqrt(variance + 1e-5), else sqrt(variance) + 1e-6.

    Returns:
        [N, C, ...].

    Source: batchnorm_layer.c forward_batchnorm_layer, blas.c normalize_cpu.
    """
    mean, variance = rolling_mean, rolling_variance
    if training:
        dimensions = [d for d in range(x.dim()) if d != 1]
        precise = x if x.dtype == torch.float64 else x.float()
        variance, mean = torch.var_mean(precise, dimensions, correction=1)
        with torch.no_grad():
            rolling_mean.lerp_(mean, rolling_step)
            rolling_variance.lerp_(variance, rolling_step)
    elif epsilon_inside_root:
        return functional.batch_norm(x, mean, variance, scales, biases, eps=_INSIDE_ROOT)
    factor = scales / divisor(variance, epsilon_inside_root=epsilon_inside_root)
    shape = [1, -1] + [1] * (x.dim() - 2)
    return ((x - mean.view(shape)) * factor.view(shape) + biases.view(shape)).to(x.dtype)


def affine(
    scales: Tensor,
    biases: Tensor,
    rolling_mean: Tensor,
    rolling_variance: Tensor,
    *,
    epsilon_inside_root: bool,
) -> tuple[Tensor, Tensor]:
    """What `batch_norm` is at inference: x * factor + shift, both [C] in float64.

    Source: network.c fuse_conv_batchnorm (AlexeyAB).
    """
    variance = rolling_variance.double()
    factor = scales / divisor(variance, epsilon_inside_root=epsilon_inside_root)
    return factor, biases - factor * rolling_mean


def divisor(variance: Tensor, *, epsilon_inside_root: bool) -> Tensor:
    """What `batch_norm` divides by, of the shape of `variance`."""
    if epsilon_inside_root:
        return torch.sqrt(variance + _INSIDE_ROOT)
    return torch.sqrt(variance) + _OUTSIDE_ROOT


def with_divisor(
    scales: Tensor, wanted: Tensor, *, epsilon_inside_root: bool
) -> tuple[Tensor, Tensor]:
    """Scales and rolling variance with which `batch_norm` computes scales / `wanted`.

    The scales stay as they are wherever a variance, which is never negative, can give the
    divisor that is wanted.

    Args:
        scales, wanted: [C], float64.
    """
    if epsilon_inside_root:
        variance = (wanted**2 - _INSIDE_ROOT).clamp(min=0)
    else:
        variance = (wanted - _OUTSIDE_ROOT).clamp(min=0) ** 2
    got = divisor(variance, epsilon_inside_root=epsilon_inside_root)
    return torch.where(variance > 0, scales, scales * got / wanted), variance
