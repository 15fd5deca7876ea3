"""The arguments and the result of a loss, and how its delta reaches autograd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.losses.rejection import RejectionState
from darknet_torch.targets.assignment import Assignment


@dataclass(frozen=True)
class CellLabels:
    """The ground truths that boxes of a [yolo] were matched with.

    Attributes:
        boxes: [L] int64, the boxes with a ground truth, ascending, flat in [N, boxes, H, W].
        track_ids: [L] int64.
        class_ids: [L] int64.
    """

    boxes: Tensor
    track_ids: Tensor
    class_ids: Tensor


@dataclass(frozen=True)
class Loss:
    """The result of a layer's loss for one mini-batch.

    Attributes:
        delta: the negative gradient at the layer's input, of the input's shape. What the
            consumers of the layer's output send is not part of it, see `DeltaRecord`.
        cost: scalar that Darknet prints and sums up; not always the integral of `delta`.
        scale: factor on `delta` on its way to the layer before.
        parts: named scalars for the log, such as "iou" (a mean) and "count".
        cell_labels: the ground truths matched with the boxes of a [yolo], None for other
            layers. [contrastive] reads them.
        rejection: the state of bad-label rejection after this loss, None where the loss
            does not use it.
    """

    delta: Tensor
    cost: Tensor
    scale: float = 1.0
    parts: Mapping[str, Tensor] = field(default_factory=dict)
    cell_labels: CellLabels | None = None
    rejection: RejectionState | None = None


@dataclass(frozen=True)
class LossContext:
    """The values that a loss may read besides its layer's input, output and truths.

    Attributes:
        net: the options of [net].
        dialect: the code base to follow.
        height, width: size of the network's input in this mini-batch, in pixels.
        seen: pictures trained on so far, this mini-batch included.
        iteration: weight updates made so far.
        earlier: layer index -> loss, of the layers before in this mini-batch.
        rejection: the state of bad-label rejection that the loss before left.
        assignments: layer index -> the truths of this mini-batch assigned to a head, on the
            device of the truths; a loss makes what is missing.
    """

    net: NetOptions
    dialect: Dialect
    height: int
    width: int
    seen: int
    iteration: int = 0
    earlier: Mapping[int, Loss] = field(default_factory=dict)
    rejection: RejectionState = field(default_factory=RejectionState)
    assignments: Mapping[int, Assignment] = field(default_factory=dict)


@dataclass
class DeltaRecord:
    """The delta at the input of a layer with a loss; ``backward`` completes the record.

    Attributes:
        own: the delta of the layer's loss.
        received: the delta that the consumers of the layer's output sent, without the factor
            of a gradient scaler. None before ``backward``, and where they sent nothing.
    """

    own: Tensor
    received: Tensor | None = None

    @property
    def total(self) -> Tensor:
        """The content of C's array ``delta`` after the layer's backward: `own` plus `received`."""
        return self.own if self.received is None else self.own + self.received


class _InjectDelta(torch.autograd.Function):
    """Connects a layer's input to its output, and adds the loss's delta during backward."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, output: Tensor, record: DeltaRecord, scale: float
    ) -> tuple[Tensor, Tensor]:
        ctx.record, ctx.scale = record, scale
        ctx.shape = x.shape
        ctx.set_materialize_grads(False)
        return output.detach().clone(), x.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor, None, None, None]:
        record: DeltaRecord = ctx.record
        from_consumers, factor = gradients  # the factor is 1, or that of a gradient scaler
        assert factor is not None
        gradient = -ctx.scale * factor * record.own
        if from_consumers is not None:
            from_consumers = from_consumers.reshape(ctx.shape)
            gradient = gradient + from_consumers
            record.received = -(from_consumers / factor)
        return gradient.reshape(ctx.shape), None, None, None


def attach_delta(x: Tensor, output: Tensor, loss: Loss) -> tuple[Tensor, Tensor, DeltaRecord]:
    """Give autograd the delta of a layer's loss.

    What the consumers of the output send during ``backward`` is added without
    ``loss.scale``, as Darknet's layers with a loss pass it on.

    Args:
        x: the layer's input.
        output: what the layer's forward returned for it.
        loss: the layer's loss.

    Returns:
        The layer's output; a zero whose ``backward`` sends the delta to `x`; a record of
        the delta, which is complete after that ``backward``.

    Source: yolo_layer.c backward_yolo_layer, softmax_layer.c backward_softmax_layer.
    """
    record = DeltaRecord(loss.delta)
    attached, root = _InjectDelta.apply(x, output, record, loss.scale)  # type: ignore[no-untyped-call]
    return attached, root, record
