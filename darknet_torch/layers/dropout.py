"""[dropout]: values dropped at random while training."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import flag, integer, number
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class DropoutOptions(LayerOptions):
    """Source: parser.c parse_dropout (both code bases)."""

    probability: float = number(
        lambda dialect: dialect.dropout_probability,
        minimum=0,
        maximum=1,
        doc="how likely a value is dropped",
    )
    dropblock: bool = flag(only="alexeyab", doc="drop squares, not single values")
    dropblock_size_rel: float = number(
        0.0, minimum=0, only="alexeyab", doc="side of the square, part of the input's"
    )
    dropblock_size_abs: int = integer(
        0, minimum=0, only="alexeyab", doc="side of the square, 7 if neither is given"
    )


class Dropout(Layer):
    """[dropout]. Does nothing at inference.

    Source: dropout_layer.c forward_dropout_layer. Its CPU code has no dropblock.
    """

    section_names = ("dropout",)
    Options = DropoutOptions

    def __init__(self, options: DropoutOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.probability = options.probability

    def forward(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.probability, self.training)
