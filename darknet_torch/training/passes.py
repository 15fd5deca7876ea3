"""One mini-batch through a network in training: its layers, their losses, one root."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from darknet_torch.layers.base import Layer
from darknet_torch.losses.base import Loss, LossContext, attach_delta
from darknet_torch.losses.registry import has_cost, loss_of
from darknet_torch.model.network import Network
from darknet_torch.ops.accumulated_delta import AccumulatedDelta


@dataclass
class MiniBatch:
    """What a mini-batch came to.

    Attributes:
        root: a zero; ``root.backward()`` sends all deltas through the network.
        cost: the mean of the costs of the layers that have one, as Darknet prints it.
        losses: by the layer's index.
    """

    root: Tensor
    cost: Tensor
    losses: dict[int, Loss] = field(default_factory=dict)


class TrainingPass:
    """The forward pass of a network in training, with what C's backward makes of it.

    Args:
        network: in training mode. Where its dialect carries deltas from one mini-batch to
            the next, its layers are told so.
        autocast: run the layers, not the losses, in this reduced precision.

    Source: network.c forward_network, backward_network (both code bases).
    """

    def __init__(self, network: Network, autocast: torch.dtype | None = None) -> None:
        self.network, self.autocast = network, autocast
        self.losses = {layer.index: loss_of(layer) for layer in network.layers}
        self.costs = sum(has_cost(layer) for layer in network.layers)
        self.places = _places(network)
        self.overwriter = _overwriters(network, self.places)
        for layer in network.layers:
            layer.carried = AccumulatedDelta() if self._carries(layer) else None

    def _carries(self, layer: Layer) -> bool:
        dialect = self.network.dialect
        return (
            dialect.carries_deltas
            and not learns(layer, dialect.trained_layers)
            and self.losses[layer.index] is None
            and not (layer.has_state or layer.works_in_place)
            and layer.index not in self.overwriter
        )

    def carried(self) -> dict[int, Tensor]:
        """What is carried to the next mini-batch, by layer."""
        return {
            layer.index: layer.carried.delta
            for layer in self.network.layers
            if layer.carried is not None and layer.carried.delta is not None
        }

    def restore(self, deltas: dict[int, Tensor]) -> None:
        """Go on with what `carried` gave."""
        for layer in self.network.layers:
            if layer.carried is not None:
                layer.carried.delta = deltas.get(layer.index)

    def __call__(self, images: Tensor, truths: Tensor, context: LossContext) -> MiniBatch:
        """Run a mini-batch.

        Args:
            images: [N, C, H, W] in 0-1, or [N, inputs]; of a recurrent network the steps
                one behind the other.
            truths: what the network's losses take, see there.
            context: the training around it.
        """
        frozen = frozen_until(self.network, context.iteration)
        kept = {-1: self.network.check_input(images)}
        roots: list[Tensor] = []
        result = MiniBatch(images.new_zeros(()), images.new_zeros(()))
        for layer in self.network.layers:
            still = layer.index <= frozen or layer.options.onlyforward
            with torch.no_grad() if still else nullcontext():
                output, root = self._layer(layer, kept, truths, context, result)
            if root is not None and root.requires_grad:
                roots.append(root)
            if layer.options.truth:
                truths = output.detach()
            kept[layer.index] = output
            if layer.works_in_place:
                kept[layer.sources[0]] = output
            for done in self.network.last_readers.get(layer.index, ()):
                kept.pop(done, None)
        if roots:
            result.root = torch.stack(roots).sum()
        if result.losses:
            costs = [loss.cost.detach().float() for loss in result.losses.values()]
            result.cost = torch.stack(costs).sum() / self.costs
        return result

    def _layer(
        self,
        layer: Layer,
        kept: dict[int, Tensor],
        truths: Tensor,
        context: LossContext,
        result: MiniBatch,
    ) -> tuple[Tensor, Tensor | None]:
        inputs = [self._seen(layer, source, kept[source]) for source in layer.sources]
        loss_function = self.losses[layer.index]
        if loss_function is not None:
            x = inputs[0].float()
            with torch.no_grad():
                output = layer(x)
                loss = loss_function(layer, x, output, truths, context)
            result.losses[layer.index] = loss
            return attach_delta(x, output, loss)
        enabled = self.autocast is not None
        with torch.autocast(inputs[0].device.type, self.autocast, enabled=enabled):
            output = layer(*inputs)
        if layer.carried is not None:
            output = layer.carried.start(layer.carried.keep(output))
        return output, None

    def _seen(self, layer: Layer, source: int, output: Tensor) -> Tensor:
        """`output` of `source`, detached where a layer before `layer` overwrites its delta."""
        first = self.overwriter.get(self.places.get(source, source))
        return output.detach() if first is not None and first < layer.index else output


def learns(layer: Layer, trained: frozenset[str] | None) -> bool:
    """Whether `layer` is of the `trained` sections, or all are."""
    return trained is None or layer.section_names[0] in trained


def frozen_until(network: Network, iteration: int) -> int:
    """The last layer that no gradient reaches, -1 if there is none.

    Source: network_kernels.cu backward_network_gpu (AlexeyAB): stopbackward=1 is for good, a
    larger number for as many iterations. Its CPU code, and pjreddie's, stop for good.
    """
    stops = [
        layer.index
        for layer in network.layers
        if layer.options.stopbackward == 1 or layer.options.stopbackward > iteration
    ]
    return max(stops, default=-1)


def _places(network: Network) -> dict[int, int]:
    """Index of a layer that works in place -> that whose memory it shares."""
    places: dict[int, int] = {}
    for layer in network.layers:
        if layer.works_in_place:
            places[layer.index] = places.get(layer.sources[0], layer.sources[0])
    return places


def _overwriters(network: Network, places: dict[int, int]) -> dict[int, int]:
    """Index of a source -> the layer that overwrites its delta, the first if several do.

    On the way back the first comes last.
    """
    return {
        places.get(source, source): layer.index
        for layer in reversed(network.layers)
        for source in layer.sources_with_overwritten_delta
    }
