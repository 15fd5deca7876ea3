"""[softmax]: probabilities that add up to one in each group."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import flag, integer, number, text
from darknet_torch.cfg.tree import Tree
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class SoftmaxOptions(LayerOptions):
    """Source: parser.c parse_softmax."""

    groups: int = integer(1, minimum=1, doc="independent groups of values")
    temperature: float = number(1.0, doc="divisor of the values")
    tree: str = text("", doc="file of a hierarchy of classes")
    spatial: float = number(0.0, doc="over channels at each position; CUDA code only")
    noloss: bool = flag(doc="no loss here")


class Softmax(Layer):
    """[softmax]. Source: softmax_layer.c forward_softmax_layer, blas.c softmax_cpu."""

    section_names = ("softmax", "soft")
    example_cfg = "[softmax]\n"
    Options = SoftmaxOptions
    needs_float32 = True

    def __init__(self, options: SoftmaxOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.tree = context.read_tree(options.tree, options.where, context.input_shape.count)
        self.groups, self.temperature = options.groups, options.temperature
        if context.input_shape.count % self.groups:
            raise self.config_error(
                f"groups={self.groups} does not divide its input",
                expected="a divisor of its values",
                got=f"{context.input_shape.count} values",
            )

    @property
    def class_tree(self) -> Tree | None:
        return None if self.tree is None else self.tree.tree

    def set_temperature(self, temperature: float) -> None:
        self.temperature = temperature

    def forward(self, x: Tensor) -> Tensor:
        if self.tree is not None:
            return self.tree.softmax(x.flatten(1) / self.temperature).view_as(x)
        groups = x.reshape(x.shape[0], self.groups, -1) / self.temperature
        return self.arithmetic.softmax(groups, -1).view_as(x)
