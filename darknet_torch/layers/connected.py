"""[connected]: a fully connected layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from darknet_torch.cfg.options import activation, flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import (
    BuildContext,
    Layer,
    LayerOptions,
    Slot,
    empty_parameter,
    unchanged,
)
from darknet_torch.layers.batchnorm import Normalization


@dataclass(frozen=True)
class ConnectedOptions(LayerOptions):
    """Source: parser.c parse_connected."""

    output: int = integer(1, minimum=1, doc="output values")
    activation: str = activation("logistic")
    batch_normalize: bool = flag(doc="normalise over the batch")


class Connection(nn.Module):
    """A matrix product with biases or batch normalisation, without activation function.

    Arrays: `weights` [outputs, inputs], `biases` [outputs], and with `normalize` those
    of `Normalization`.
    """

    def __init__(
        self, inputs: int, outputs: int, context: BuildContext, *, normalize: bool
    ) -> None:
        super().__init__()
        rolling_step = context.dialect.numerics.connected_rolling_step
        self.biases = empty_parameter(outputs)
        self.weights = empty_parameter(outputs, inputs)
        self.normalization = (
            Normalization(outputs, context, rolling_step, trains_biases=True)
            if normalize
            else None
        )

    def weight_slots(self) -> list[Slot]:
        """biases, weights[, scales, rolling mean, rolling variance].

        Source: parser.c load_connected_weights, save_connected_weights.
        """
        return [
            Slot("biases", self.biases),
            Slot("weights", self.weights, transposed_if_marked=True, decays=True),
            *(self.normalization.weight_slots() if self.normalization else []),
        ]

    @torch.no_grad()
    def initialize(self) -> None:
        """Source: connected_layer.c make_connected_layer."""
        bound = math.sqrt(2.0 / self.weights.shape[1])
        self.weights.uniform_(-bound, bound)
        self.biases.zero_()
        if self.normalization is not None:
            self.normalization.initialize()

    @torch.no_grad()
    def fold(self) -> None:
        """Fold the normalisation into weights and biases, for inference."""
        if self.normalization is not None:
            weights, biases = self.normalization.folded(self.weights, self.biases)
            self.weights, self.biases = nn.Parameter(weights), nn.Parameter(biases)
            self.normalization = None

    def forward(self, x: Tensor, record: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Multiply, then add the biases or normalise.

        Args:
            x: [N, inputs].
            record: applied to the product, see `Layer.forward_recording_delta`.

        Returns:
            [N, outputs].

        Source: connected_layer.c forward_connected_layer.
        """
        biases = self.biases if self.normalization is None else None
        out = functional.linear(x, self.weights, biases)
        if record is not None:
            out = record(out)
        return out if self.normalization is None else self.normalization(out, self.biases)


class Connected(Layer):
    """[connected]. Source: connected_layer.c forward_connected_layer."""

    section_names = ("connected", "conn")
    example_cfg = "[connected]\noutput=3\n"
    Options = ConnectedOptions

    def __init__(self, options: ConnectedOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.activation = self.find_activation(options.activation, context.dialect)
        self.output_shape = Shape(options.output, 1, 1)
        self.connection = Connection(
            context.input_shape.count,
            options.output,
            context,
            normalize=options.batch_normalize,
        )

    def weight_slots(self) -> list[Slot]:
        return self.connection.weight_slots()

    def fold_normalization(self) -> None:
        self.connection.fold()

    def round_products(self, dtype: torch.dtype) -> list[Tensor]:
        return list(self.connection.to(dtype).parameters())

    def initialize(self) -> None:
        self.connection.initialize()

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_recording_delta(x, record=unchanged)

    def forward_recording_delta(
        self, *inputs: Tensor, record: Callable[[Tensor], Tensor]
    ) -> Tensor:
        (x,) = inputs
        out = self.connection(x.flatten(1), record)
        return self.activation(out)[:, :, None, None]
