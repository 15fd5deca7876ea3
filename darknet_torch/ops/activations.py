"""Darknet's activation functions, by Darknet's names.

Every function maps a float tensor to one of the same shape. The three that
normalise work over dimension 1, the channels.

Source: activations.h, activations.c (AlexeyAB; pjreddie has the same values).
hard_swish and hard_sigmoid are ours, see `darknet_torch.cfg.dialect.ACTIVATION_EXTENSIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_SELU_SCALE, _SELU_ALPHA = 1.0507, 1.6732
_NORMALIZE_EPSILON = 1e-4
_PART = 1 << 18  # values: 1 MB, half of a core's second cache where it was measured


def _loggy(x: Tensor) -> Tensor:
    return 2 * torch.sigmoid(x) - 1


def _selu(x: Tensor) -> Tensor:
    negative = _SELU_SCALE * _SELU_ALPHA * torch.expm1(x.clamp(max=0))
    return torch.where(x >= 0, _SELU_SCALE * x, negative)


def _gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(0.797885 * x + 0.035677 * x**3))


def _relie(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.01)


def _leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, 0.1)


def _ramp(x: Tensor) -> Tensor:
    return functional.relu(x) + 0.1 * x


def _plse(x: Tensor) -> Tensor:
    middle = 0.125 * x + 0.5
    return torch.where(x < -4, 0.01 * (x + 4), torch.where(x > 4, 0.01 * (x - 4) + 1, middle))


def _hardtan(x: Tensor) -> Tensor:
    return x.clamp(-1, 1)


def _lhtan(x: Tensor) -> Tensor:
    return torch.where(x < 0, 0.001 * x, torch.where(x > 1, 0.001 * (x - 1) + 1, x))


def _stair(x: Tensor) -> Tensor:
    whole = torch.floor(x)
    half = torch.floor(x / 2)
    return torch.where(whole % 2 == 0, half, (x - whole) + half)


def _swish(x: Tensor) -> Tensor:
    return functional.silu(x)


def _mish(x: Tensor) -> Tensor:
    return functional.mish(x)


def _hard_mish(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.where(x > -2, x * x / 2 + x, 0.0))


def _normalize_channels(x: Tensor) -> Tensor:
    positive = functional.relu(x)
    return positive / (positive.sum(1, keepdim=True) + _NORMALIZE_EPSILON)


def _normalize_channels_softmax(x: Tensor) -> Tensor:
    raised = torch.exp(x)
    return raised / (raised.sum(1, keepdim=True) + _NORMALIZE_EPSILON)


def _normalize_channels_softmax_maxval(x: Tensor) -> Tensor:
    raised = torch.exp(x - x.amax(1, keepdim=True))
    return raised / (raised.sum(1, keepdim=True) + _NORMALIZE_EPSILON)


def _linear(x: Tensor) -> Tensor:
    return x


class _CustomGradient(torch.autograd.Function):
    """A function whose gradient in the C code is not its derivative."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        function: Callable[[Tensor], Tensor],
        gradient: Callable[[Tensor, Tensor], Tensor],
    ) -> Tensor:
        out = function(x)
        ctx.save_for_backward(out)
        ctx.gradient = gradient
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (delta,) = gradients
        (out,) = ctx.saved_tensors
        return ctx.gradient(out, delta), None, None


def _with_gradient(
    function: Callable[[Tensor], Tensor], gradient: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[Tensor], Tensor]:
    """`function` with C's `gradient`, a function of its output and of the incoming gradient."""

    def activation(x: Tensor) -> Tensor:
        if not (torch.is_grad_enabled() and x.requires_grad):
            return function(x)
        out: Tensor = _CustomGradient.apply(x, function, gradient)  # type: ignore[no-untyped-call]
        return out

    return activation


def _gelu_delta(out: Tensor, delta: Tensor) -> Tensor:
    """Source: activations.h gelu_gradient, which C calls with the output."""
    inner = 0.0356774 * out**3 + 0.797885 * out
    outer = 0.0535161 * out**3 + 0.398942 * out
    return delta * (0.5 * torch.tanh(inner) + outer / torch.cosh(inner) ** 2 + 0.5)


def _stair_delta(out: Tensor, delta: Tensor) -> Tensor:
    """Source: activations.h stair_gradient."""
    return torch.where(torch.floor(out) == out, 0.0, delta)


def _normalize_delta(out: Tensor, delta: Tensor) -> Tensor:
    """Source: activations.c gradient_array_normalize_channels_softmax (AlexeyAB)."""
    return delta * (out * delta).sum(1, keepdim=True)


def _normalize_positive_delta(out: Tensor, delta: Tensor) -> Tensor:
    """Source: activations.c gradient_array_normalize_channels (AlexeyAB)."""
    return torch.where(out > 0, _normalize_delta(out, delta), delta)


Activation = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Activation] = {
    "linear": _linear,
    "logistic": torch.sigmoid,
    "loggy": _loggy,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "elu": functional.elu,
    "selu": _selu,
    "gelu": _with_gradient(_gelu, _gelu_delta),
    "relie": _relie,
    "ramp": _ramp,
    "leaky": _leaky,
    "revleaky": _leaky,
    "tanh": torch.tanh,
    "plse": _plse,
    "stair": _with_gradient(_stair, _stair_delta),
    "hardtan": _hardtan,
    "lhtan": _lhtan,
    "swish": _swish,
    "mish": _mish,
    "hard_mish": _hard_mish,
    "normalize_channels": _with_gradient(_normalize_channels, _normalize_positive_delta),
    "normalize_channels_softmax": _with_gradient(_normalize_channels_softmax, _normalize_delta),
    "normalize_channels_softmax_maxval": _with_gradient(
        _normalize_channels_softmax_maxval, _normalize_delta
    ),
    "hard_swish": functional.hardswish,
    "hard_sigmoid": functional.hardsigmoid,
}

# The same values, written over the input; PyTorch's gradients of these need the output alone.
IN_PLACE: dict[str, Activation] = {
    "relu": torch.relu_,
    "relu6": partial(functional.relu6, inplace=True),
    "elu": partial(functional.elu, inplace=True),
    "relie": partial(functional.leaky_relu, negative_slope=0.01, inplace=True),
    "leaky": partial(functional.leaky_relu, negative_slope=0.1, inplace=True),
    "revleaky": partial(functional.leaky_relu, negative_slope=0.1, inplace=True),
    "tanh": torch.tanh_,
}
_IN_PLACE_OF = {ACTIVATIONS[name]: in_place for name, in_place in IN_PLACE.items()}


def _mish_over(x: Tensor) -> Tensor:
    """x tanh(log(1 + e^x)) = x - 2 x / ((1 + e^x)^2 + 1), without a logarithm.

    Where e^x is infinite the fraction is 0. The error is 1.3e-6 at most, that of e^x times x.
    Large maps are taken in parts, so that what lies between stays in the processor's cache.
    """
    flat = _in_memory_order(x)
    scratch = x.new_empty(min(_PART, flat.numel()))
    one = x.new_ones(())
    for part in flat.split(_PART):
        below = scratch[: len(part)]
        torch.exp(part, out=below).add_(1)
        torch.addcmul(one, below, below, out=below)
        part.addcdiv_(part, below, value=-2)
    return x if flat.data_ptr() == x.data_ptr() else flat.view_as(x)


def _in_memory_order(x: Tensor) -> Tensor:
    """The values in one dimension: a view of a map in either order of memory, else a copy."""
    if x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last):
        x = x.permute(0, 2, 3, 1)
    return x.reshape(-1)


# The same for inference alone: the gradients of these would need the input.
_AT_INFERENCE: dict[Activation, Activation] = {
    ACTIVATIONS["logistic"]: torch.sigmoid_,
    ACTIVATIONS["swish"]: partial(functional.silu, inplace=True),
    ACTIVATIONS["mish"]: _mish_over,
    ACTIVATIONS["hard_swish"]: partial(functional.hardswish, inplace=True),
    ACTIVATIONS["hard_sigmoid"]: partial(functional.hardsigmoid, inplace=True),
    **_IN_PLACE_OF,
}


def overwriting(activation: Activation) -> Activation:
    """Return the form of `activation` that may overwrite its input, for an input of one reader."""
    return _IN_PLACE_OF.get(activation, activation)


def overwriting_at_inference(activation: Activation) -> Activation:
    """As `overwriting`, without gradients."""
    return _AT_INFERENCE.get(activation, activation)
