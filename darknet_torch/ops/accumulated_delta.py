"""Deltas that outlive their mini-batch, as in AlexeyAB's CPU code."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class AccumulatedDelta:
    """What a layer's delta was at the end of the last mini-batch.

    Darknet adds a mini-batch's delta to what the last one left, and never zeroes it for
    layers that have no ``train``. `start` stands where that sum is made, `keep` where C
    leaves it: the same place, or before the activation function, whose gradient is
    multiplied into the delta where it lies.

    Source: network.c forward_network (AlexeyAB), its l.train.
    """

    def __init__(self) -> None:
        self.delta: Tensor | None = None

    def start(self, output: Tensor) -> Tensor:
        """`output`, whose gradient gets that of the last mini-batch on top."""
        started: Tensor = _Start.apply(output, self)  # type: ignore[no-untyped-call]
        return started

    def keep(self, x: Tensor) -> Tensor:
        """`x`, whose gradient is kept for the next mini-batch."""
        kept: Tensor = _Keep.apply(x, self)  # type: ignore[no-untyped-call]
        return kept


class _Start(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, output: Tensor, carried: AccumulatedDelta) -> Tensor:
        ctx.carried = carried
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        last = ctx.carried.delta
        if last is None or last.numel() != gradient.numel():
            return gradient, None
        return gradient + last.view_as(gradient), None


class _Keep(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, carried: AccumulatedDelta) -> Tensor:
        ctx.carried = carried
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        ctx.carried.delta = gradient.detach()
        return gradient, None
