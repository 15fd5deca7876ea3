"""How much memory a training will take, measured on its network without computing anything."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from darknet_torch.layers.base import Layer
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.ops.accumulated_delta import AccumulatedDelta
from darknet_torch.training.averaging import WeightAverage
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.optimizer import Optimizer

_READ_VALUE = torch.ops.aten._local_scalar_dense.default


@dataclass(frozen=True)
class MemoryEstimate:
    """The memory that one process of a training takes on its device, in bytes.

    Attributes:
        inputs: pictures, or steps of texts, of the mini-batch.
        width, height: size of the network's input, pixels; the largest that may occur.
        weights: the network's arrays.
        gradients: of the arrays that are trained.
        optimizer: its momentum, or Adam's two moments.
        averages: the moving averages that ema_alpha= asks for.
        activations: what the forward pass of the mini-batch keeps for the backward pass, the
            mini-batch itself included.
        peak: the most that forward and backward pass take at once, `activations` included, but
            not the four above.
    """

    inputs: int
    width: int
    height: int
    weights: int
    gradients: int
    optimizer: int
    averages: int
    activations: int
    peak: int

    @property
    def total(self) -> int:
        """The most that is taken at once."""
        # The optimizer's own operations make copies of the gradients.
        passing = max(self.peak, self.gradients)
        return self.weights + self.gradients + self.optimizer + self.averages + passing


def estimate_memory(
    forward: ForwardPass,
    *,
    inputs: int,
    width: int,
    height: int,
    checkpoint_activations: bool | None = None,
) -> MemoryEstimate:
    """Measure what the forward and backward pass of a mini-batch keep in memory.

    They run on fake tensors, which have a shape and a type but no memory, so nothing is computed.
    Each loss is replaced by a delta of the right shape: what else it needs is little.

    Args:
        forward: the forward pass of the training, which is left as it is.
        inputs: pictures, or steps of texts, of the mini-batch.
        width, height: size of the network's input, pixels.
        checkpoint_activations: instead of what the forward pass says.

    Raises:
        RuntimeError, NotImplementedError: a layer of the user's own cannot be run on fake tensors,
            since the shape of what it makes depends on values.
    """
    with FakeTensorMode(allow_non_fake_inputs=True):
        fake = _with_fake_tensors(forward)
        if checkpoint_activations is not None:
            fake.checkpoint_activations = checkpoint_activations
        network, live = fake.network, _LiveMemory()
        live.add((*network.parameters(), *network.buffers()))
        weights = live.bytes
        optimizer = Optimizer(network)
        trained = list(optimizer.parameters())
        state = sum(array.nbytes for array in optimizer.arrays())
        for parameter in trained:
            parameter.grad = torch.zeros_like(parameter)
        live.add(parameter.grad for parameter in trained)
        held = live.bytes
        activations = _forward_and_backward(fake, live, inputs, height, width)
    gradients = held - weights
    averaged = WeightAverage.of_network(network).arrays
    return MemoryEstimate(
        inputs=inputs,
        width=width,
        height=height,
        weights=weights,
        gradients=gradients,
        optimizer=state * (2 if network.net.adam else 1),
        averages=sum(array.nbytes for array in averaged),
        activations=activations - held,
        peak=live.peak - held,
    )


def _with_fake_tensors(forward: ForwardPass) -> ForwardPass:
    """A copy of a forward pass and its network, on the CPU, whose arrays have no memory."""
    network = forward.network
    arrays: dict[int, Any] = {
        id(array): _fake(array) for array in (*network.parameters(), *network.buffers())
    }
    fake = copy.copy(forward)
    fake.network = copy.deepcopy(network, arrays).train()
    fake.network.reset_state()
    fake.accumulated = {index: AccumulatedDelta() for index in forward.accumulated}
    fake.loss_functions = {
        index: _fake_loss if function else None
        for index, function in forward.loss_functions.items()
    }
    return fake


def _fake(array: Tensor) -> Tensor:
    made = torch.empty_strided(array.shape, array.stride(), dtype=array.dtype)
    is_parameter = isinstance(array, nn.Parameter)
    return nn.Parameter(made, requires_grad=array.requires_grad) if is_parameter else made


def _forward_and_backward(
    forward: ForwardPass, live: _LiveMemory, inputs: int, height: int, width: int
) -> int:
    """Run a mini-batch; return the bytes that are held between the two passes."""
    network, net = forward.network, forward.network.net
    # As after the last layer is unfrozen, when the most is kept.
    context = LossContext(net, network.dialect, height, width, seen=1, iteration=net.max_batches)
    shape = (net.input_shape.channels, height, width) if net.is_picture else (net.inputs,)
    with live:
        images = torch.zeros(inputs, *shape)
        result = forward(images, torch.zeros(inputs, 1), context)
        held = live.bytes
        if result.root.requires_grad:
            result.root.backward()
    return held


def _fake_loss(layer: Layer, x: Tensor, *others: object) -> Loss:
    """A loss whose delta has the right shape."""
    return Loss(torch.zeros_like(x), x.new_zeros(()))


class _LiveMemory(TorchDispatchMode):
    """Counts the memory of the tensors that operations in its block make, while they are alive.

    Attributes:
        bytes: of the tensors that are alive.
        peak: the most so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = self.peak = 0
        self._alive: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is _READ_VALUE:
            return 0  # such as the place of a random crop; there are no values
        made = func(*args, **(kwargs or {}))
        self.add(value for value in tree_leaves(made) if isinstance(value, Tensor))
        return made

    def add(self, tensors: Iterable[Tensor | None]) -> None:
        """Count the memory of `tensors`, once for those that share it."""
        for tensor in tensors:
            if tensor is not None:
                self._add(tensor.untyped_storage())

    def _add(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        if key in self._alive:
            return

        def on_end(_: weakref.ref[torch.UntypedStorage]) -> None:
            del self._alive[key]
            self.bytes -= size

        self._alive[key] = weakref.ref(storage, on_end)
        self.bytes += size
        self.peak = max(self.peak, self.bytes)
