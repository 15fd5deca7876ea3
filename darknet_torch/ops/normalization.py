"""Batch normalisation as Darknet computes it, at inference and in training."""

from __future__ import annotations

import math
from typing import Any

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
) -> Tensor:
    """Normalise each channel by the rolling mean and variance, then scale and shift it.

    Args:
        x: [N, C, ...].
        scales, biases, rolling_mean, rolling_variance: [C].
        epsilon_inside_root: divide by sqrt(variance + 1e-5), else sqrt(variance) + 1e-6.

    Returns:
        [N, C, ...].

    Source: batchnorm_layer.c forward_batchnorm_layer, blas.c normalize_cpu.
    """
    if epsilon_inside_root:
        return functional.batch_norm(
            x, rolling_mean, rolling_variance, scales, biases, eps=_INSIDE_ROOT
        )
    factor = scales / divisor(rolling_variance, epsilon_inside_root=False)
    shape = [1, -1] + [1] * (x.dim() - 2)
    shifted = (x - rolling_mean.view(shape)) * factor.view(shape) + biases.view(shape)
    return shifted.to(x.dtype)


def fused_batch_norm(
    x: Tensor,
    scales: Tensor,
    biases: Tensor,
    rolling_mean: Tensor,
    rolling_variance: Tensor,
    rolling_step: float,
    *,
    over_one_less: bool,
) -> Tensor:
    """Batch normalisation in training by the framework's own kernels, epsilon inside the root.

    The kernels divide by the root of the variance over N. Darknet's CPU code takes that over
    N - 1: the same result is that of a smaller epsilon and smaller scales. The rolling variance
    is over N - 1 in both.

    Args:
        x: [N, C, ...], with 2 values or more per channel.
        scales, biases: [C].
        rolling_mean, rolling_variance: [C], changed in place.
        rolling_step: weight of the batch in the rolling mean and variance, 0-1.
        over_one_less: normalise by the variance over N - 1, as Darknet's CPU code, else over N,
            as cuDNN.

    Returns:
        The shape of `x`. Its gradient is the derivative. AlexeyAB's CPU code divides the delta
        itself by sqrt(variance) + 1e-5 instead of sqrt(variance + 1e-5), which changes it by less
        than 0.05 % where the variance is above 0.01, by 0.5 % at 0.001; and the part of the delta
        along `x` by N instead of N - 1. `tools/parity.py distance` shows the effect.

    Source: batchnorm_layer.c forward_batchnorm_layer; forward_batchnorm_layer_gpu (AlexeyAB),
    with CUDNN.
    """
    count = x.numel() // x.shape[1]
    part = (count - 1) / count if over_one_less else 1.0
    if over_one_less:
        scales = scales * math.sqrt(part)
    # functional.batch_norm refuses one value per channel, which torch.batch_norm leaves to C++.
    return torch.batch_norm(
        x,
        scales,
        biases,
        rolling_mean,
        rolling_variance,
        True,
        rolling_step,
        _INSIDE_ROOT * part,
        torch.backends.cudnn.enabled,
    )


@torch.no_grad()
def batch_statistics(
    x: Tensor, rolling_mean: Tensor, rolling_variance: Tensor, rolling_step: float
) -> tuple[Tensor, Tensor]:
    """Mean and variance of a batch per channel; both enter the rolling ones.

    Args:
        x: [N, C, ...].
        rolling_mean, rolling_variance: [C], changed in place.
        rolling_step: weight of the batch in them, 0-1.

    Returns:
        [C] mean and [C] variance over N - 1.

    Source: blas.c mean_cpu, variance_cpu; batchnorm_layer.c forward_batchnorm_layer.
    Differs: one value per channel has a variance of 0 and leaves the rolling variance alone; C
    divides by 0, and both become NaN.
    """
    precise = x if x.dtype == torch.float64 else x.float()
    if x.numel() == x.shape[1]:
        mean = precise.reshape(-1)
        rolling_mean.lerp_(mean.to(rolling_mean.dtype), rolling_step)
        return mean, torch.zeros_like(mean)
    # Several times as fast as torch.var_mean; the rolling variance is over N - 1 here.
    mean, variance = torch.batch_norm_update_stats(
        precise, rolling_mean, rolling_variance, rolling_step
    )
    count = x.numel() // x.shape[1]
    return mean, variance * (count / (count - 1))


def normalize(
    x: Tensor,
    scales: Tensor,
    biases: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon_inside_root: bool,
) -> Tensor:
    """Batch normalisation by the batch's own statistics, with pjreddie's gradient.

    The gradient has its epsilon inside the root, wherever the forward pass has it.

    Args:
        x: [N, C, ...].
        scales, biases: [C].
        mean, variance: [C], of `batch_statistics`.
        epsilon_inside_root: as `batch_norm` has it.

    Source: batchnorm_layer.c forward_batchnorm_layer, backward_batchnorm_layer.
    """
    out: Tensor = _Normalize.apply(  # type: ignore[no-untyped-call]
        x, scales, biases, mean, variance, epsilon_inside_root
    )
    return out


class _Normalize(torch.autograd.Function):
    """Batch normalisation by the mean and variance of the input itself."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        scales: Tensor,
        biases: Tensor,
        mean: Tensor,
        variance: Tensor,
        epsilon_inside_root: bool,
    ) -> Tensor:
        ctx.save_for_backward(x, scales, mean, variance)
        ctx.epsilon_inside_root = epsilon_inside_root
        below = divisor(variance, epsilon_inside_root=epsilon_inside_root)
        # functional.batch_norm refuses an epsilon of 0 in some releases.
        return torch.batch_norm(x, scales, biases, mean, below**2, False, 0.0, 0.0, False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Source: batchnorm_layer.c backward_scale_cpu, mean_delta_cpu, variance_delta_cpu,
        normalize_delta_cpu: all but the first take sqrt(variance + 1e-5).
        """
        (gradient,) = gradients
        x, scales, mean, variance = ctx.saved_tensors
        inverse = torch.rsqrt(variance + _INSIDE_ROOT)
        target_divisor = list(ctx.needs_input_grad[:3])
        into_x, into_scales, into_biases = torch.ops.aten.native_batch_norm_backward(
            gradient.contiguous(),
            x,
            scales,
            None,
            None,
            mean,
            inverse,
            True,
            _INSIDE_ROOT,
            target_divisor,
        )
        if target_divisor[1]:
            forward = 1 / divisor(variance, epsilon_inside_root=ctx.epsilon_inside_root)
            into_scales = into_scales * (forward / inverse)
        return into_x, into_scales, into_biases, None, None, None


def affine(
    scales: Tensor,
    biases: Tensor,
    rolling_mean: Tensor,
    rolling_variance: Tensor,
    *,
    epsilon_inside_root: bool,
) -> tuple[Tensor, Tensor]:
    """Factor and shift [C], float64, with which x * factor + shift equals `batch_norm`.

    Source: network.c fuse_conv_batchnorm (AlexeyAB).
    """
    variance = rolling_variance.double()
    factor = scales / divisor(variance, epsilon_inside_root=epsilon_inside_root)
    return factor, biases - factor * rolling_mean


def divisor(variance: Tensor, *, epsilon_inside_root: bool) -> Tensor:
    """The divisor of `batch_norm`, of the shape of `variance`."""
    if epsilon_inside_root:
        return torch.sqrt(variance + _INSIDE_ROOT)
    return torch.sqrt(variance) + _OUTSIDE_ROOT


def with_divisor(
    scales: Tensor, target_divisor: Tensor, *, epsilon_inside_root: bool
) -> tuple[Tensor, Tensor]:
    """Scales and rolling variance with which `batch_norm` divides by `target_divisor`.

    The scales are unchanged wherever a variance, which is never negative, can give that
    divisor.

    Args:
        scales, target_divisor: [C], float64.
    """
    if epsilon_inside_root:
        variance = (target_divisor**2 - _INSIDE_ROOT).clamp(min=0)
    else:
        variance = (target_divisor - _OUTSIDE_ROOT).clamp(min=0) ** 2
    got = divisor(variance, epsilon_inside_root=epsilon_inside_root)
    return torch.where(variance > 0, scales, scales * got / target_divisor), variance
