"""The forward pass of a mini-batch in training: its layers, their losses, one root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from darknet_torch.cfg.darknet_bugs import DELTAS_NOT_ZEROED
from darknet_torch.layers.base import Layer
from darknet_torch.layers.recurrent import Recurrent
from darknet_torch.losses.base import DeltaRecord, Loss, LossContext, attach_delta
from darknet_torch.losses.registry import (
    DARKNET_LOSSES,
    LossFamily,
    has_cost,
    loss_function_for,
)
from darknet_torch.losses.rejection import RejectionState
from darknet_torch.model.network import Network
from darknet_torch.ops.accumulated_delta import AccumulatedDelta
from darknet_torch.ops.precision import FULL_PRECISION, Precision
from darknet_torch.ops.recomputation import recomputed
from darknet_torch.training.saved_arrays import saved_delta, saved_layer_state
from darknet_torch.training.saved_values import saved_value


@dataclass
class MiniBatchResult:
    """What the forward pass of a mini-batch gave.

    Attributes:
        root: a zero; ``root.backward()`` sends all deltas through the network.
        cost: the mean of the costs of the layers that have one, as Darknet prints it.
        losses: layer index -> its loss.
        deltas: layer index -> the delta at its input, complete after the backward pass.
    """

    root: Tensor
    cost: Tensor
    losses: dict[int, Loss] = field(default_factory=dict)
    deltas: dict[int, DeltaRecord] = field(default_factory=dict)


class ForwardPass:
    """Runs a network in training mode so that backward gives what C's backward gives.

    Unless the network reproduces the order of C's sums, its weights get channels-last memory,
    in which convolutions, pooling and batch normalisation are faster; their values stay.

    Args:
        network: in training mode.
        precision: that of the layers; losses are computed in float32.
        checkpoint_activations: keep less for the backward pass, which computes it again.
        losses: what the layers are trained by.

    Attributes:
        losses: the argument.
        memory_format: the order in memory in which it takes images fastest.
        accumulated: layer index -> the delta that its mini-batches add up, for the layers
            whose delta the C code never zeroes.
        rejection: the state of bad-label rejection; each loss gets the one that the loss before
            it returned. This and `accumulated` outlive a mini-batch, checkpoints save them.

    Source: network.c forward_network, backward_network (both code bases).
    """

    def __init__(
        self,
        network: Network,
        precision: Precision = FULL_PRECISION,
        *,
        checkpoint_activations: bool = False,
        losses: LossFamily = DARKNET_LOSSES,
    ) -> None:
        self.network, self.precision, self.losses = network, precision, losses
        self.checkpoint_activations = checkpoint_activations
        self.memory_format = torch.contiguous_format  # of C's memory
        if not network.arithmetic.exact_order:
            self.memory_format = torch.channels_last
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.rejection = RejectionState()
        self.loss_functions = {
            layer.index: loss_function_for(layer, losses) for layer in network.layers
        }
        self.cost_layers = sum(has_cost(layer, losses) for layer in network.layers)
        self.memory_of = _shared_memory(network)
        self.overwritten_by = _overwriting_layers(network, self.memory_of)
        self.accumulated = {
            layer.index: AccumulatedDelta() for layer in network.layers if self._accumulates(layer)
        }

    def _accumulates(self, layer: Layer) -> bool:
        dialect = self.network.dialect
        return (
            dialect.reproduces(DELTAS_NOT_ZEROED)
            and not dialect.trains(layer.section_names[0])
            and self.loss_functions[layer.index] is None
            and not (layer.has_state or layer.works_in_place)
            and layer.index not in self.overwritten_by
        )

    @property
    def outlives(self) -> bool:
        """Whether something outlives a mini-batch."""
        net = self.network.net
        recurrent = any(layer.has_state for layer in self.network.layers)
        return bool(self.accumulated or recurrent or net.badlabels_rejection_percentage)

    def state_dict(self) -> dict[str, Any]:
        """What outlives a mini-batch: a copy that later mini-batches do not change.

        Returns:
            The accumulated deltas and the states of recurrent layers, by layer index, and the
            state of bad-label rejection.
        """
        deltas = {
            index: accumulated.delta.clone()
            for index, accumulated in self.accumulated.items()
            if accumulated.delta is not None
        }
        recurrent = {
            layer.index: tuple(part.clone() for part in layer.state)
            for layer in self.network.layers
            if layer.has_state
        }
        rejection = asdict(self.rejection)
        return {"accumulated": deltas, "recurrent": recurrent, "rejection": rejection}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` gave; ValueError if it belongs to another network."""
        device = next(self.network.parameters()).device
        for index, accumulated in self.accumulated.items():
            delta = state["accumulated"].get(index)
            accumulated.delta = saved_delta(delta, self.network.layers[index], device)
        for layer in self.network.layers:
            if isinstance(layer, Recurrent):
                layer.state = saved_layer_state(state["recurrent"], layer, device)
        rejection = state["rejection"]
        self.rejection = RejectionState(
            **{name: saved_value(rejection, name, float) for name in rejection}
        )

    def __call__(self, images: Tensor, truths: Tensor, context: LossContext) -> MiniBatchResult:
        """Run a mini-batch.

        Args:
            images: [N, C, H, W] in 0-1, or [N, inputs]; for a recurrent network one step
                after the other.
            truths: [N, ...], in the form that the network's losses take.
            context: the state of the training; `rejection` and `earlier` are filled in here.
        """
        with self.precision.autocast(images.device):
            return self._run_layers(images, truths, context)

    def _run_layers(self, images: Tensor, truths: Tensor, context: LossContext) -> MiniBatchResult:
        last_frozen = last_frozen_layer(self.network, context.iteration)
        images = self.network.prepare_input(images)
        outputs = {-1: images.contiguous(memory_format=self.memory_format)}
        losses: dict[int, Loss] = {}
        deltas: dict[int, DeltaRecord] = {}
        roots: list[Tensor] = []
        for layer in self.network.layers:
            inputs = [self._input(layer, source, outputs[source]) for source in layer.sources]
            frozen = layer.index <= last_frozen or layer.options.onlyforward
            with _without_gradient() if frozen else nullcontext():
                if self.loss_functions[layer.index] is None:
                    output = self._run(layer, inputs)
                else:
                    x, earlier = inputs[0].float(), MappingProxyType(dict(losses))
                    known = replace(context, earlier=earlier, rejection=self.rejection)
                    output, loss = self._run_with_loss(layer, x, truths, known)
                    output, root, deltas[layer.index] = attach_delta(x, output, loss)
                    losses[layer.index] = loss
                    if self.network.dialect.sends_delta(layer.section_names[0]):
                        roots.append(root)
                    else:
                        output = output.detach()
            if layer.options.truth:
                truths = output.detach()
                context = replace(context, assignments={})  # they were of the other truths
            outputs[layer.index] = output
            if layer.works_in_place:
                outputs[layer.sources[0]] = output
            for done in self.network.last_readers.get(layer.index, ()):
                outputs.pop(done, None)
        return MiniBatchResult(_sum_of(roots, images), self._cost(losses, images), losses, deltas)

    def _run(self, layer: Layer, inputs: list[Tensor]) -> Tensor:
        """The output of a layer without a loss."""
        accumulated = self.accumulated.get(layer.index)
        if self._recomputes(layer):
            output = recomputed(partial(self._compute, layer), *inputs)
        else:
            output = self._compute(layer, *inputs)
        return output if accumulated is None else accumulated.add_previous(output)

    def _recomputes(self, layer: Layer) -> bool:
        """Whether the backward pass computes the layer again: one with a state has moved on."""
        wanted = self.checkpoint_activations and torch.is_grad_enabled()
        return wanted and layer.keeps_intermediates and not layer.has_state

    def _compute(self, layer: Layer, *inputs: Tensor) -> Tensor:
        """The output of a layer."""
        accumulated = self.accumulated.get(layer.index)
        if accumulated is None:
            output: Tensor = layer(*inputs)
            return output
        return layer.forward_recording_delta(*inputs, record=accumulated.record)

    @torch.no_grad()
    def _run_with_loss(
        self, layer: Layer, x: Tensor, truths: Tensor, context: LossContext
    ) -> tuple[Tensor, Loss]:
        """The output of a layer with a loss, and the loss, in float32."""
        loss_function = self.loss_functions[layer.index]
        assert loss_function is not None
        with FULL_PRECISION.autocast(x.device):
            output = layer(x)
            loss = loss_function(layer, x, output, truths, context)
        if loss.rejection is not None:
            self.rejection = loss.rejection
        return output, loss

    def _input(self, layer: Layer, source: int, output: Tensor) -> Tensor:
        """`output` of `source`, detached where an earlier layer overwrites its delta."""
        first = self.overwritten_by.get(self.memory_of.get(source, source))
        return output.detach() if first is not None and first < layer.index else output

    def _cost(self, losses: dict[int, Loss], images: Tensor) -> Tensor:
        """Source: network.c get_network_cost."""
        if not losses:
            return images.new_zeros(())
        costs = [loss.cost.detach().float() for loss in losses.values()]
        return torch.stack(costs).sum() / self.cost_layers


def _sum_of(roots: list[Tensor], images: Tensor) -> Tensor:
    """One root for those that have a gradient to send."""
    sending = [root for root in roots if root.requires_grad]
    return torch.stack(sending).sum() if sending else images.new_zeros(())


@contextmanager
def _without_gradient() -> Iterator[None]:
    """Compute without gradients, and keep no cast weights: a later layer may share the weights.

    The autocast of PyTorch 2.9 gives that layer the copy that was cast here, without a gradient;
    later releases do not.
    """
    keeps = torch.is_autocast_cache_enabled()
    torch.set_autocast_cache_enabled(False)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_autocast_cache_enabled(keeps)


def last_frozen_layer(network: Network, iteration: int) -> int:
    """The index of the last layer that no gradient reaches, -1 if there is none.

    Source: network_kernels.cu backward_network_gpu (AlexeyAB): stopbackward=1 is for good, a
    larger number for as many iterations. Its CPU code, and pjreddie's, stop for good.
    """
    stops = [
        layer.index
        for layer in network.layers
        if layer.options.stopbackward == 1 or layer.options.stopbackward > iteration
    ]
    return max((*stops, network.frozen_layers - 1))


def _shared_memory(network: Network) -> dict[int, int]:
    """Index of a layer that works in place -> the layer whose memory it shares."""
    memory: dict[int, int] = {}
    for layer in network.layers:
        if layer.works_in_place:
            memory[layer.index] = memory.get(layer.sources[0], layer.sources[0])
    return memory


def _overwriting_layers(network: Network, memory_of: dict[int, int]) -> dict[int, int]:
    """Index of a source -> the layer that overwrites its delta, the first one if several do.

    The first one comes last in the backward pass.
    """
    return {
        memory_of.get(source, source): layer.index
        for layer in reversed(network.layers)
        for source in layer.sources_with_overwritten_delta
    }
