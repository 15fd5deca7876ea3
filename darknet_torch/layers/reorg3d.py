"""[reorg3d]: squares of positions become channels, in plain order."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions
from darknet_torch.layers.reorg import check_stride, reorganized
from darknet_torch.ops.reorganize import reorganize


@dataclass(frozen=True)
class Reorg3dOptions(LayerOptions):
    """Source: parser.c parse_reorg (AlexeyAB)."""

    stride: int = integer(1, minimum=1, doc="side of the square")
    reverse: bool = flag(doc="channels become squares")


class Reorg3d(Layer):
    """[reorg3d]. Source: reorg_layer.c forward_reorg_layer (AlexeyAB).

    The reverse direction reads its input as if it had `stride` ** 2 times fewer channels
    and that much more area, as the forward direction of [reorg] does.
    """

    section_names = ("reorg3d",)
    needs_picture = True
    Options = Reorg3dOptions

    def __init__(self, options: Reorg3dOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.stride, self.reverse = options.stride, options.reverse
        self.output_shape = reorganized(context.input_shape, self.stride, reverse=self.reverse)
        least = self.stride**4 if self.reverse else 1
        check_stride(self, self.output_shape, self.stride, least=least)

    @property
    def detail(self) -> str:
        return f"/{self.stride}"

    @property
    def reach(self) -> tuple[int, int, int, int]:
        return 1, 1, 1, self.stride

    def forward(self, x: Tensor) -> Tensor:
        out = reorganized(Shape(*x.shape[1:]), self.stride, reverse=self.reverse)
        return reorganize(x, out, out, self.stride, to_blocks=self.reverse)
