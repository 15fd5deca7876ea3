"""What a loss is, and how its delta reaches autograd."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.losses.rejection import Rejection


@dataclass(frozen=True)
class LossContext:
    """What a loss may know of the training around it.

    Attributes:
        net: the options of [net].
        dialect: the code base to follow.
        height, width: of the network's input in this mini-batch, pixels.
        seen: pictures trained on, those of this mini-batch included.
        iteration: updates made so far.
        labels: of the cells of each [yolo] that has met its truth: layer index ->
            (track ids, class ids), see `darknet_torch.losses.contrastive`.
        rejection: what is known of the deltas of mini-batches before.
    """

    net: NetOptions
    dialect: Dialect
    height: int
    width: int
    seen: int
    iteration: int = 0
    labels: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    rejection: Rejection = field(default_factory=Rejection)


@dataclass
class Loss:
    """What a layer says of its output and the truth.

    Attributes:
        delta: the negative gradient at the layer's input, of the input's shape.
        cost: what Darknet prints and sums up; not always the integral of `delta`.
        scale: factor on `delta` on its way to the layer before.
        parts: named numbers for the log, such as "iou" (a mean) and "count".
    """

    delta: Tensor
    cost: Tensor
    scale: float = 1.0
    parts: dict[str, Tensor] = field(default_factory=dict)


def squared(delta: Tensor) -> Tensor:
    """The sum of the squares. Source: utils.c mag_array."""
    return delta.float().square().sum(dtype=torch.float64).float()


class _InjectDelta(torch.autograd.Function):
    """The identity between a layer's input and output, which adds a delta on the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, output: Tensor, loss: Loss) -> tuple[Tensor, Tensor]:
        ctx.loss = loss
        ctx.shape = x.shape
        ctx.set_materialize_grads(False)
        return output.detach().clone(), x.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor, None, None]:
        loss: Loss = ctx.loss
        behind, factor = gradients  # the factor is 1, or that of a gradient scaler
        assert factor is not None
        total = -loss.scale * factor * loss.delta
        if behind is not None:
            behind = behind.reshape(ctx.shape)
            total = total + behind
            loss.delta = loss.delta - behind / factor
        return total.reshape(ctx.shape), None, None


def attach_delta(x: Tensor, output: Tensor, loss: Loss) -> tuple[Tensor, Tensor]:
    """A layer's output, and a zero from which ``backward`` sends the delta to `x`.

    What layers behind send to `output` is added as it is, as Darknet's layers with a loss
    hand it on, and then also stands in ``loss.delta``.

    Args:
        x: the layer's input.
        output: what its forward made of it.

    Source: yolo_layer.c backward_yolo_layer, softmax_layer.c backward_softmax_layer.
    """
    handed: tuple[Tensor, Tensor] = _InjectDelta.apply(x, output, loss)  # type: ignore[no-untyped-call]
    return handed
