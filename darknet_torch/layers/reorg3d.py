"""[reorg3d]: squares of positions become channels, in plain order."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions, ReceptiveWindow
from darknet_torch.layers.reorg import check_stride, reorganized_shape
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
    example_cfg = "[reorg3d]\nstride=2\n"
    needs_picture = True
    Options = Reorg3dOptions

    def __init__(self, options: Reorg3dOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.stride, self.reverse = options.stride, options.reverse
        self.output_shape = reorganized_shape(
            context.input_shape, self.stride, reverse=self.reverse
        )
        min_channels = self.stride**4 if self.reverse else 1
        check_stride(self, self.output_shape, self.stride, min_channels=min_channels)

    @property
    def detail(self) -> str:
        return f"/{self.stride}"

    @property
    def receptive_window(self) -> ReceptiveWindow:
        return ReceptiveWindow(upscale=self.stride)

    def forward(self, x: Tensor) -> Tensor:
        out = reorganized_shape(Shape(*x.shape[1:]), self.stride, reverse=self.reverse)
        return reorganize(x, out, out, self.stride, to_blocks=self.reverse)
