"""[local]: a locally connected layer, with separate weights at each position."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import activation, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import (
    BuildContext,
    Layer,
    LayerOptions,
    ReceptiveWindow,
    Slot,
    empty_parameter,
    unchanged,
)


@dataclass(frozen=True)
class LocalOptions(LayerOptions):
    """Source: parser.c parse_local."""

    filters: int = integer(1, minimum=1, doc="output channels")
    size: int = integer(1, minimum=1, doc="height and width of the window")
    stride: int = integer(1, minimum=1, doc="step of the window")
    pad: int = integer(0, minimum=0, doc="pixels of padding before the input")
    activation: str = activation("logistic")


class Local(Layer):
    """[local]. Arrays: `biases` [filters, H, W], `weights` [H * W, filters, channels * size^2].

    Source: local_layer.c local_out_height, forward_local_layer. With any pad the output is
    as large as with a 1x1 window, and the first window starts `pad` pixels outside.
    """

    section_names = ("local",)
    example_cfg = "[local]\nfilters=2\nsize=2\n"
    needs_picture = True
    Options = LocalOptions
    options: LocalOptions

    def __init__(self, options: LocalOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.activation = self.find_activation(options.activation, context.dialect)
        shape = context.input_shape
        height, width = self._output_size(shape.height), self._output_size(shape.width)
        if height < 1 or width < 1:
            raise self.config_error(
                f"window of {options.size} is larger than its input", got=f"input {shape}"
            )
        self.output_shape = Shape(options.filters, height, width)
        self.biases = empty_parameter(options.filters, height, width)
        values = shape.channels * options.size**2
        self.weights = empty_parameter(height * width, options.filters, values)

    def _output_size(self, size: int) -> int:
        """Source: local_layer.c local_out_height."""
        span = size - 1 if self.options.pad else size - self.options.size
        return int(span / self.options.stride) + 1

    def weight_slots(self) -> list[Slot]:
        return [Slot("biases", self.biases), Slot("weights", self.weights, decays=True)]

    @torch.no_grad()
    def initialize(self) -> None:
        bound = math.sqrt(2.0 / self.weights.shape[2])
        self.weights.uniform_(-bound, bound)
        self.biases.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, filters, H', W']. Source: local_layer.c forward_local_layer."""
        return self.forward_recording_delta(x, record=unchanged)

    def forward_recording_delta(
        self, *inputs: Tensor, record: Callable[[Tensor], Tensor]
    ) -> Tensor:
        (x,) = inputs
        size, stride, pad = self.options.size, self.options.stride, self.options.pad
        taps, positions = self.weights.shape[2], self.output_shape.area
        # Where the number of padded windows differs from the output's positions, Darknet
        # reads their matrix as if it had the output's width, with zeros after it.
        matrix = functional.unfold(x, size, padding=pad, stride=stride).flatten(1)
        matrix = functional.pad(matrix, (0, taps * positions - matrix.shape[1]))
        matrix = matrix.reshape(-1, taps, positions)
        out = torch.einsum("nkl,lfk->nfl", matrix, self.weights)
        out = out.reshape(-1, *self.biases.shape) + self.biases
        return self.activation(record(out))

    @property
    def working_values(self) -> int:
        """Two matrices of windows: all padded ones, and as many as the output has positions."""
        options, shape = self.options, self.input_shape
        rows, columns = (
            (side + 2 * options.pad - options.size) // options.stride + 1
            for side in (shape.height, shape.width)
        )
        positions = max(0, rows) * max(0, columns) + self.output_shape.area
        return shape.channels * options.size**2 * positions

    @property
    def receptive_window(self) -> ReceptiveWindow:
        return ReceptiveWindow(self.options.size, self.options.stride)
