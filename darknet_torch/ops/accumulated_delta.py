"""Deltas that outlive their mini-batch, as in AlexeyAB's CPU code."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class AccumulatedDelta:
    """A layer's delta, which every mini-batch adds to what the one before left.

    Darknet never zeroes the delta of layers that have no ``train``. Backward first adds the
    recorded delta to the gradient of the layer's output (`add_previous`), then records the sum
    (`record`): at the output, or before the activation function, whose slope C multiplies
    into the delta in place.

    Attributes:
        delta: the negative of what the last mini-batch left, None before the first.

    Source: network.c forward_network (AlexeyAB), its l.train.
    """

    def __init__(self) -> None:
        self.delta: Tensor | None = None

    def add_previous(self, output: Tensor) -> Tensor:
        """Return `output`; backward adds the delta of the last mini-batch to its gradient."""
        result: Tensor = _AddPrevious.apply(output, self)  # type: ignore[no-untyped-call]
        return result

    def record(self, x: Tensor) -> Tensor:
        """Return `x`; backward records its gradient for the next mini-batch."""
        result: Tensor = _Record.apply(x, self)  # type: ignore[no-untyped-call]
        return result


class _AddPrevious(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, output: Tensor, accumulated: AccumulatedDelta) -> Tensor:
        ctx.accumulated = accumulated
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        last = ctx.accumulated.delta
        if last is None or last.numel() != gradient.numel():
            return gradient, None
        return gradient + last.view_as(gradient), None


class _Record(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, accumulated: AccumulatedDelta) -> Tensor:
        ctx.accumulated = accumulated
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        ctx.accumulated.delta = gradient.detach()
        return gradient, None
