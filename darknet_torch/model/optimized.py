"""A network prepared for inference: fewer steps, packed weights, maps that are written over."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from darknet_torch.cpu.memory import give_memory_back
from darknet_torch.layers.base import InferenceStep, Layer

if TYPE_CHECKING:
    from darknet_torch.model.network import Network

_GIVEN_BACK_AFTER = 16_000_000  # bytes: giving back takes time, too


@dataclass(frozen=True)
class _Step:
    """A step of a program.

    Attributes:
        compute: the computation of a layer.
        sources: indices of the maps that it reads: those of layers, -1 for the input.
        index: of its layer, and so of the map that it gives.
        done: indices of the maps that no later step reads.
    """

    compute: Callable[..., Tensor]
    sources: tuple[int, ...]
    index: int
    done: tuple[int, ...]


class OptimizedNetwork:
    """A network as a list of prepared steps, for inference.

    Batch normalisation is folded into the weights, which are packed for the processor; activation
    functions are fused with convolutions or write over their input; sums write over one of their
    terms; small 1x1 convolutions are products of matrices; maps are channels-last. What it
    computes differs from what `network` does by rounding. Hooks of modules are not called.

    Attributes:
        network: what was prepared.

    Args:
        network: put into evaluation mode. Its arrays are read now; see `is_current`.
        keep_weights: False frees each array of `network` once it is packed, so that memory for
            one copy is enough. `network` cannot compute or be saved any more then.
    """

    def __init__(self, network: Network, *, keep_weights: bool = True) -> None:
        self.network: Network = network.eval()
        self._arrays = [*network.parameters(), *network.buffers()] if keep_weights else []
        self._changes = count_changes(self._arrays)
        self._sources = _sources(network.layers)
        steps = _prepare(network, self._sources, keep_weights=keep_weights)
        if not keep_weights:
            network.weights_freed = True
        self._outputs, self._program = self._build(steps, frozenset())
        left_out = network.left_out_for_decoding
        self._decoded, self._program_for_decoding = self._build(steps, left_out)

    def _build(
        self, steps: dict[int, InferenceStep], left_out: Set[int]
    ) -> tuple[list[int], list[_Step]]:
        """The indices of the outputs, and the steps towards them.

        Args:
            steps: of each layer that computes something.
            left_out: indices of layers whose input stands for their output.
        """
        outputs = [
            self._sources[index][0] if index in left_out or index not in steps else index
            for index in self.network.output_indices
        ]
        program: list[_Step] = []
        needed = set(outputs)
        for index in sorted(steps, reverse=True):
            if index in left_out or index not in needed:
                continue
            sources = self._sources[index]
            done = tuple(set(sources) - needed)
            needed.update(sources)
            program.append(_Step(steps[index].compute, sources, index, done))
        return outputs, program[::-1]

    @property
    def is_current(self) -> bool:
        """Whether no array of the network has changed in place since it was prepared.

        Always true with keep_weights=False.
        """
        return count_changes(self._arrays) == self._changes

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute what `Network.forward` does; the outputs are channels-last in memory.

        Args:
            images: as `Network.forward` takes them, on the network's device.
        """
        return self._run(self._program, self._outputs, images)

    def forward_for_decoding(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute what `Network.forward_for_decoding` does, as `__call__`."""
        return self._run(self._program_for_decoding, self._decoded, images)

    @torch.inference_mode()
    def _run(
        self, program: Sequence[_Step], outputs: Sequence[int], images: Tensor
    ) -> tuple[Tensor, ...]:
        x = self.network.prepare_input(images)
        maps = {-1: x.contiguous(memory_format=torch.channels_last)}
        for step in program:
            maps[step.index] = step.compute(*[maps[source] for source in step.sources])
            for index in step.done:
                del maps[index]
        return tuple(maps[index] for index in outputs)


def _sources(layers: Sequence[Layer]) -> list[tuple[int, ...]]:
    """The maps that each layer reads, past the layers that pass their input on."""
    found: list[tuple[int, ...]] = []
    for layer in layers:
        found.append(
            tuple(
                found[source][0] if source >= 0 and layers[source].passes_input_on else source
                for source in layer.sources
            )
        )
    return found


@torch.no_grad()
def _prepare(
    network: Network, sources: Sequence[tuple[int, ...]], *, keep_weights: bool
) -> dict[int, InferenceStep]:
    """The step of each layer that does not only pass its input on, by index."""
    layers = network.layers
    readers: dict[int, list[int]] = {}
    for layer in layers:
        for source in () if layer.passes_input_on else sources[layer.index]:
            readers.setdefault(source, []).append(layer.index)
    for index in network.output_indices:
        readers.setdefault(
            sources[index][0] if layers[index].passes_input_on else index, []
        ).append(-1)
    steps: dict[int, InferenceStep] = {}
    freed = 0
    for layer in layers:
        if layer.passes_input_on:
            continue
        overwritable = [
            source in steps and steps[source].owns_output and len(readers[source]) == 1
            for source in sources[layer.index]
        ]
        steps[layer.index] = _step_of(layer, overwritable)
        if steps[layer.index].has_copies and not keep_weights:
            freed += _free(layer)
            if freed >= _GIVEN_BACK_AFTER:
                give_memory_back()
                freed = 0
    return steps


def _free(layer: Layer) -> int:
    """Free the arrays of a layer; return how many bytes they took."""
    size = sum(array.nbytes for array in (*layer.parameters(), *layer.buffers()))
    layer.to("meta")
    return size


def _step_of(layer: Layer, overwritable: Sequence[bool]) -> InferenceStep:
    """The step of a layer; its `forward` where a subclass has another one than its base's step."""
    order = type(layer).__mro__
    owners = [
        next(index for index, cls in enumerate(order) if name in vars(cls))
        for name in ("forward", "inference_step")
    ]
    if owners[0] < owners[1]:
        return Layer.inference_step(layer, overwritable)
    return layer.inference_step(overwritable)


def count_changes(arrays: Sequence[Tensor]) -> int:
    """How often the arrays were changed in place; tensors made in inference mode do not count."""
    return sum(array._version for array in arrays if not array.is_inference())
