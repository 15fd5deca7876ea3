"""What recurrent layers share: steps, and a state that outlives a call."""

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

    In training an input holds `time_steps` steps one behind the other, [T * N, C, H, W]. At
    inference it is one step of N sequences, and the state is carried to the next call
    until `reset_state`, or a call with another N.

    Attributes:
        forgets_in_training: whether each training batch starts from no state.
        parts: names of the submodules that hold its arrays, in the order of the file.
    """

    has_state = True
    forgets_in_training: ClassVar[bool] = False
    parts: tuple[str, ...] = ()

    def __init__(self, options: Any, context: BuildContext) -> None:
        super().__init__(options, context)
        self.time_steps = context.net.time_steps
        self.state: State = ()

    def weight_slots(self) -> list[Slot]:
        return [
            replace(slot, name=f"{name}.{slot.name}")
            for name in self.parts
            for slot in self._part(name).weight_slots()
        ]

    def initialize(self) -> None:
        for name in self.parts:
            self._part(name).initialize()

    def run(self, name: str, x: Tensor) -> Tensor:
        """The part called `name` applied to `x`."""
        return self._part(name)(x)

    def _part(self, name: str) -> Any:
        return self.get_submodule(name)

    def reset_state(self) -> None:
        """Forget what was seen."""
        self.state = ()

    def forget_stream(self, stream: int) -> None:
        """Source: network.c reset_network_state."""
        for part in self.state:
            part[stream] = 0

    def start(self, x: Tensor) -> State:
        """The state before the first step; `x` is one step of the input."""
        raise NotImplementedError

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step: input and state to output and state."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """[T * N, C, H, W], T = 1 at inference, to as many outputs.

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
        for one in steps:
            out, state = self.step(one, state)
            outputs.append(out)
        self.state = tuple(part.detach() for part in state)
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs)

    def _state_for(self, x: Tensor) -> State:
        start = self.start(x)
        fits = len(self.state) == len(start) and all(
            old.shape == new.shape and old.device == new.device
            for old, new in zip(self.state, start, strict=True)
        )
        forgets = self.training and self.forgets_in_training
        return self.state if fits and not forgets else start


def add_connections(
    layer: Recurrent, names: tuple[str, ...], context: BuildContext, *, normalize: bool
) -> None:
    """Give `layer` its parts: w... take its own output, u... take its input."""
    layer.parts = names
    outputs = layer.output_shape.channels
    sizes = {"w": outputs, "u": context.input_shape.count}
    for name in names:
        part = Connection(sizes[name[0]], outputs, context, normalize=normalize)
        layer.add_module(name, part)


def add_states(shortcut: bool, old: Tensor, *new: Tensor) -> Tensor:
    """The sum of `new`, with `old` added if `shortcut`."""
    total = new[0] + new[1]
    return old + total if shortcut else total


def sum_of_bflops(layer: Recurrent) -> float:
    """Billions of operations of a layer's convolutions, all of its output's size."""
    shape = layer.output_shape
    parts = [layer.get_submodule(name) for name in layer.parts]
    return sum(part.bflops(shape.height, shape.width) for part in parts)  # type: ignore[operator]
