"""[reorg]: squares of positions become channels, in Darknet's order."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import UnsupportedError
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class ReorgOptions(LayerOptions):
    """Source: parser.c parse_reorg_old (AlexeyAB), parse_reorg (pjreddie)."""

    stride: int = integer(1, minimum=1, doc="side of the square")
    reverse: bool = flag(doc="channels become squares")
    flatten: bool = flag(only="pjreddie", doc="channels last")
    extra: int = integer(0, only="pjreddie", doc="zeros behind the values")


class Reorg(Layer):
    """[reorg]. Source: blas.c reorg_cpu (both code bases).

    The forward direction reads its input as if it had `stride` ** 2 times fewer
    channels and that much more area, which scrambles positions and channels; networks
    were trained with it. It is not the inverse of the reverse direction.
    """

    section_names = ("reorg",)
    Options = ReorgOptions

    def __init__(self, options: ReorgOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        if options.flatten or options.extra:
            raise UnsupportedError(
                f"[{context.section}] flatten= and extra= are not supported yet",
                where=options.where,
            )
        self.stride, self.reverse = options.stride, options.reverse
        shape, stride = context.input_shape, options.stride
        fits = shape.channels % stride**2 == 0
        if not self.reverse:
            fits = fits and not (shape.height % stride or shape.width % stride)
        if not fits:
            raise self.misfit(
                f"stride={stride} does not divide its input",
                expected=f"channels divisible by {stride**2}, height and width by {stride}",
                got=f"input {shape}",
            )
        if self.reverse:
            self.output_shape = Shape(
                shape.channels // stride**2, shape.height * stride, shape.width * stride
            )
        else:
            self.output_shape = Shape(
                shape.channels * stride**2, shape.height // stride, shape.width // stride
            )

    def forward(self, x: Tensor) -> Tensor:
        count, channels, height, width = x.shape
        stride = self.stride
        inner = channels // stride**2
        if self.reverse:
            x = x.reshape(count, stride, stride, inner, height, width).permute(0, 3, 4, 1, 5, 2)
            return x.reshape(count, inner, height * stride, width * stride)
        x = x.reshape(count, inner, height, stride, width, stride).permute(0, 3, 5, 1, 2, 4)
        return x.reshape(count, channels * stride**2, height // stride, width // stride)
