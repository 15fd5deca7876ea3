"""[upsample]: repeats each value over a square, or sums the values of a square."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import integer, number
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions, ReceptiveWindow


@dataclass(frozen=True)
class UpsampleOptions(LayerOptions):
    """Source: parser.c parse_upsample."""

    stride: int = integer(2, doc="factor of enlargement; negative: of reduction")
    scale: float = number(1.0, doc="factor on every value")


class Upsample(Layer):
    """[upsample]. Source: upsample_layer.c, blas.c upsample_cpu."""

    section_names = ("upsample",)
    example_cfg = "[upsample]\nstride=2\n"
    Options = UpsampleOptions

    def __init__(self, options: UpsampleOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.stride, self.scale = options.stride, options.scale
        shape = context.input_shape
        if self.stride > 0:
            height, width = shape.height * self.stride, shape.width * self.stride
        elif self.stride < 0 and not (shape.height % self.stride or shape.width % self.stride):
            height, width = shape.height // -self.stride, shape.width // -self.stride
        else:
            raise self.config_error(
                f"cannot resize by stride={self.stride}",
                expected="1 or more, or minus a divisor of height and width",
                got=f"input {shape}",
            )
        self.output_shape = Shape(shape.channels, height, width)

    @property
    def detail(self) -> str:
        return f"{self.stride}x"

    @property
    def receptive_window(self) -> ReceptiveWindow:
        return ReceptiveWindow(upscale=abs(self.stride))

    def forward(self, x: Tensor) -> Tensor:
        if self.stride > 0:
            x = functional.interpolate(x, scale_factor=self.stride, mode="nearest")
        else:
            side = -self.stride
            x = x.unflatten(3, (-1, side)).unflatten(2, (-1, side)).sum((3, 5))
        return x if self.scale == 1 else x * self.scale
