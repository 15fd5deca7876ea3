"""[deconvolutional]: the transposed convolution."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import activation, flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import (
    BuildContext,
    Layer,
    LayerOptions,
    Slot,
    empty_parameter,
)
from darknet_torch.layers.batchnorm import Normalization

_STARTING_SPREAD = 0.02


@dataclass(frozen=True)
class DeconvolutionalOptions(LayerOptions):
    """Source: parser.c parse_deconvolutional (pjreddie)."""

    filters: int = integer(1, minimum=1, doc="output channels")
    size: int = integer(1, minimum=1, doc="height and width of the window")
    stride: int = integer(1, minimum=1, doc="distance of the windows")
    pad: bool = flag(doc="padding is size / 2")
    padding: int = integer(0, minimum=0, doc="pixels cut off on each side, unless pad is set")
    activation: str = activation("logistic")
    batch_normalize: bool = flag(doc="normalise over the batch")


class Deconvolutional(Layer):
    """[deconvolutional]. Arrays: `biases`, those of `normalization`, `weights`
    [channels, filters, size, size].

    Source: deconvolutional_layer.c forward_deconvolutional_layer (pjreddie), which cannot
    read the weight files that it writes: it divides by its number of groups, 0.
    """

    section_names = ("deconvolutional", "deconv")
    example_cfg = "[deconvolutional]\nfilters=2\nsize=2\nstride=2\n"
    needs_picture = True
    Options = DeconvolutionalOptions
    options: DeconvolutionalOptions

    def __init__(self, options: DeconvolutionalOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        dialect, shape = context.dialect, context.input_shape
        self.activation = self.find_activation(options.activation, dialect)
        self.padding = options.size // 2 if options.pad else options.padding
        grown = options.size - 2 * self.padding
        self.output_shape = Shape(
            options.filters,
            (shape.height - 1) * options.stride + grown,
            (shape.width - 1) * options.stride + grown,
        )
        if self.output_shape.height < 1 or self.output_shape.width < 1:
            raise self.config_error("cuts off all of its output", got=f"input {shape}")
        self.biases = empty_parameter(options.filters)
        self.normalization = (
            Normalization(options.filters, context, dialect.numerics.rolling_step)
            if options.batch_normalize
            else None
        )
        self.weights = empty_parameter(shape.channels, options.filters, options.size, options.size)

    def weight_slots(self) -> list[Slot]:
        return [
            Slot("biases", self.biases),
            *(self.normalization.weight_slots() if self.normalization else []),
            Slot("weights", self.weights, decays=True),
        ]

    @torch.no_grad()
    def initialize(self) -> None:
        """Source: deconvolutional_layer.c make_deconvolutional_layer."""
        grown = self.output_shape.area / self.input_shape.area
        self.weights.normal_(0, _STARTING_SPREAD * grown)
        self.biases.zero_()
        if self.normalization is not None:
            self.normalization.initialize()

    @property
    def operations(self) -> float:
        return 2.0 * self.weights.numel() * self.input_shape.area

    @property
    def working_values(self) -> int:
        """The matrix of windows, and the output with its border."""
        options, shape = self.options, self.input_shape
        height, width = (
            (side - 1) * options.stride + options.size for side in (shape.height, shape.width)
        )
        return options.filters * (options.size**2 * shape.area + height * width)

    def forward(self, x: Tensor) -> Tensor:
        biases = self.biases if self.normalization is None else None
        x = functional.conv_transpose2d(x, self.weights, biases, self.options.stride, self.padding)
        if self.normalization is not None:
            x = self.normalization(x, self.biases)
        return self.activation(x)
