"""[implicit]: learned values that depend on no input."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import integer, number
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import (
    BuildContext,
    Layer,
    LayerOptions,
    Slot,
    empty_parameter,
)


@dataclass(frozen=True)
class ImplicitOptions(LayerOptions):
    """Source: parser.c parse_implicit (AlexeyAB)."""

    filters: int = integer(128, minimum=1, doc="channels")
    atoms: int = integer(1, minimum=1, doc="values per channel")
    mean: float = number(0.0, doc="mean of the starting values")
    std: float = number(0.2, doc="half the width of their range")


class Implicit(Layer):
    """[implicit]. Arrays: `weights` [filters, atoms].

    Source: representation_layer.c forward_implicit_layer.
    """

    section_names = ("implicit",)
    example_cfg = "[implicit]\nfilters=3\natoms=2\n"
    Options = ImplicitOptions

    def __init__(self, options: ImplicitOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.output_shape = Shape(options.filters, options.atoms, 1)
        self.weights = empty_parameter(options.filters, options.atoms)

    def weight_slots(self) -> list[Slot]:
        return [Slot("weights", self.weights, decays=True)]

    @torch.no_grad()
    def initialize(self) -> None:
        """Source: representation_layer.c make_implicit_layer."""
        mean, std = self.options.mean, abs(self.options.std)
        self.weights.uniform_(mean - std, mean + std)

    def forward(self, x: Tensor) -> Tensor:
        return self.weights[None, :, :, None].expand(x.shape[0], -1, -1, -1)
