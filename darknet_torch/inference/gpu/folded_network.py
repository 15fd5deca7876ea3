"""A network prepared for a GPU: folded, in the order of memory and the precision of its layers."""

from __future__ import annotations

import copy
from functools import partial

import torch
from torch import Tensor

from darknet_torch.heads.base import Predictions
from darknet_torch.inference.gpu.graphs import Capture, ReplayedComputation, capture_cuda_graph
from darknet_torch.model.network import Network
from darknet_torch.model.optimized import count_changes
from darknet_torch.ops.precision import FULL_PRECISION, Precision
from darknet_torch.ops.precision_names import FLOAT32


class FoldedNetwork:
    """A copy of a detector's network that computes decoded boxes, replayed as CUDA graphs.

    Batch normalisation is folded into the weights. In 16 bits they are rounded once, where
    autocast would do so at each call. Maps are channels-last where the units for matrices
    compute, which are made for that order; in float32 they are not. What is computed differs by
    rounding from what `network` does in that precision.

    A network whose layers keep a state is not copied but computes itself, since callers reset
    its state.

    Attributes:
        network: what was prepared.
        device, dtype: those that its input has to have.

    Args:
        network: in evaluation mode, with detection heads. It is not changed.
        precision: that of its layers.
        keep_weights: False frees the arrays of `network` once they are copied.
        capture: how graphs are recorded; None: as CUDA graphs on a CUDA device, else not at all.

    Raises:
        UsageError: the network's arrays were freed.
    """

    def __init__(
        self,
        network: Network,
        precision: Precision = FULL_PRECISION,
        *,
        keep_weights: bool = True,
        capture: Capture | None = None,
    ) -> None:
        network.check_has_weights()
        self.network = network
        self.device: torch.device = network.device
        self._arrays = [*network.parameters(), *network.buffers()]
        self._state = self._state_of_arrays()
        own_type = next((array.dtype for array in self._arrays), torch.float32)
        half = None if network.net.normalizes else precision.half  # which rounds 0-1, too
        self.dtype: torch.dtype = half or own_type
        has_state = any(layer.has_state for layer in network.layers)
        with_units = precision.name != FLOAT32
        order = torch.channels_last if with_units else torch.contiguous_format
        self._prepared = network if has_state else _prepare(network, precision.half, order)
        if not keep_weights and not has_state:
            self._arrays = []
            network.to("meta")
            network.weights_freed = True
        if capture is None and self.device.type == "cuda":
            capture = capture_cuda_graph
        # No method, which would be a cycle: the memory of graphs is large, and needed at once by
        # a training that goes on after an evaluation.
        compute = partial(_compute, self._prepared, self.device, precision, order)
        self._run = ReplayedComputation(
            compute, None if has_state else capture, where=network.net.where
        )

    @property
    def is_current(self) -> bool:
        """Whether the network's arrays are what and where they were when it was prepared.

        Always true after keep_weights=False.
        """
        return self.network.weights_freed or self._state_of_arrays() == self._state

    def _state_of_arrays(self) -> tuple[object, ...]:
        first = self._arrays[0] if self._arrays else torch.empty(0)
        return first.device, first.dtype, count_changes(self._arrays)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Predictions:
        """Compute the boxes of all heads, on the current stream.

        Args:
            images: [N, C, H, W] of `dtype` on the network's device, always in the same order of
                memory.

        Returns:
            Float32, on that device.
        """
        return Predictions(*self._run(images))


def _compute(
    network: Network,
    device: torch.device,
    precision: Precision,
    order: torch.memory_format,
    images: Tensor,
) -> tuple[Tensor, ...]:
    """The boxes of all heads, as the parts of `Predictions`."""
    with precision.computing(device), precision.autocast(device):
        outputs = network(images.contiguous(memory_format=order))
    size = network.net.height, network.net.width
    found = Predictions.join(
        [
            head.decode(output.float(), *size)
            for head, output in zip(network.heads, outputs, strict=True)
        ]
    )
    return found.boxes, found.objectness, found.class_scores


@torch.no_grad()
def _prepare(
    network: Network, half: torch.dtype | None, memory_format: torch.memory_format
) -> Network:
    """A folded copy; the arrays that autocast would round are of the type `half`.

    In float16 a folded weight may be too large, as of filters whose variance is 0 before a
    training: then nothing is folded.
    """
    # Autocast keeps copies of rounded parameters that need gradients, which graphs must not read.
    prepared = copy.deepcopy(network).requires_grad_(False)
    prepared.fold_normalization()
    prepared.requires_grad_(False)
    if half is not None:
        rounded = [array for layer in prepared.layers for array in layer.round_products(half)]
        if not all(bool(array.isfinite().all()) for array in rounded):
            prepared = copy.deepcopy(network).requires_grad_(False)
    return prepared.to(memory_format=memory_format)  # type: ignore[call-overload]
