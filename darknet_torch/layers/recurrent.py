"""The base of recurrent layers: steps in time, and a state that is kept between calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from darknet_torch.errors import UsageError
from darknet_torch.layers.base import BuildContext, Layer, Slot
from darknet_torch.layers.connected import Connection

State = tuple[Tensor, ...]


class Recurrent(Layer):
    """Base of the layers with a state.

    In training an input holds `time_steps` steps one after the other, [T * N, C, H, W]. At
    inference it is one step of N sequences, and the state is kept for the next call until
    `reset_state`, or until a call with another N.

    Attributes:
        resets_state_each_batch: whether every training batch starts from the initial state.
        part_names: names of the submodules that hold the arrays, in the order of the file.
        time_steps: steps per training batch.
    """

    has_state = True
    resets_state_each_batch: ClassVar[bool] = False
    part_names: tuple[str, ...] = ()

    def __init__(self, options: Any, context: BuildContext) -> None:
        super().__init__(options, context)
        self.time_steps = context.net.time_steps

    def add_connections(
        self, names: tuple[str, ...], context: BuildContext, *, normalize: bool
    ) -> None:
        """Add the layer's parts: those called w... read its last output, u... its input."""
        self.part_names = names
        outputs = self.output_shape.channels
        sizes = {"w": outputs, "u": context.input_shape.count}
        for name in names:
            part = Connection(sizes[name[0]], outputs, context, normalize=normalize)
            self.add_module(name, part)

    def weight_slots(self) -> list[Slot]:
        return [
            replace(slot, name=f"{name}.{slot.name}")
            for name in self.part_names
            for slot in self._part(name).weight_slots()
        ]

    def initialize(self) -> None:
        for name in self.part_names:
            self._part(name).initialize()

    def run(self, name: str, x: Tensor) -> Tensor:
        """Apply the part called `name` to `x`."""
        return self._part(name)(x)

    def _part(self, name: str) -> Any:
        return self.get_submodule(name)

    def reset_state(self) -> None:
        """Forget earlier inputs."""
        self.state = ()

    def reset_stream_state(self, stream: int) -> None:
        """Forget the earlier inputs of one sequence of the batch.

        A state of fewer sequences, which `forward` drops, is left alone.

        Source: network.c reset_network_state.
        """
        for part in self.state:
            part[stream : stream + 1] = 0

    def initial_state(self, x: Tensor) -> State:
        """The state before the first step; `x` is one step of the input."""
        raise NotImplementedError

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Compute one step: from input and state to output and next state."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Compute T steps of N sequences; T is `time_steps` in training and 1 at inference.

        Args:
            x: [T * N, C, H, W].

        Returns:
            As many outputs, [T * N, C', H', W'].

        Raises:
            UsageError: in training, a batch that does not divide into `time_steps` steps.
        """
        if self.training and x.shape[0] % self.time_steps:
            raise UsageError(
                f"[{self.section}] cannot cut its input into steps",
                where=self.options.where,
                expected=f"a multiple of time_steps={self.time_steps}",
                got=f"a batch of {x.shape[0]}",
            )
        steps = x.chunk(self.time_steps) if self.training else (x,)
        state = self._state_for(steps[0])
        outputs = []
        for step_input in steps:
            out, state = self.step(step_input, state)
            outputs.append(out)
        self.state = tuple(part.detach() for part in state)
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def _state_for(self, x: Tensor) -> State:
        """The state kept from the last call if it fits the batch, else the initial state."""
        start = self.initial_state(x)
        fits = len(self.state) == len(start) and all(
            old.shape == new.shape and old.device == new.device
            for old, new in zip(self.state, start, strict=True)
        )
        resets = self.training and self.resets_state_each_batch
        return self.state if fits and not resets else start


def add_states(shortcut: bool, old: Tensor, *new: Tensor) -> Tensor:
    """Add up the two `new` tensors, and `old` if `shortcut`."""
    total = new[0] + new[1]
    return old + total if shortcut else total


def total_bflops(layer: Recurrent) -> float:
    """Billions of operations of a layer's convolutions, all of which have its output's size."""
    shape = layer.output_shape
    parts = [layer.get_submodule(name) for name in layer.part_names]
    return sum(part.bflops(shape.height, shape.width) for part in parts)  # type: ignore[operator]
