"""[reorg]: squares of positions become channels, in Darknet's order."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import warn
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions
from darknet_torch.ops.reorganize import keeps_all_values, reorganize


@dataclass(frozen=True)
class ReorgOptions(LayerOptions):
    """Source: parser.c parse_reorg_old (AlexeyAB), parse_reorg (pjreddie)."""

    stride: int = integer(1, minimum=1, doc="side of the square")
    reverse: bool = flag(doc="channels become squares; with flatten: channels first again")
    flatten: bool = flag(only="pjreddie", doc="channels last, nothing else")
    extra: int = integer(0, minimum=0, only="pjreddie", doc="zeros behind the values instead")


class Reorg(Layer):
    """[reorg]. Source: reorg_old_layer.c (AlexeyAB), reorg_layer.c (pjreddie).

    The forward direction reads its input as if it had `stride` ** 2 times fewer
    channels and that much more area, which scrambles positions and channels; networks
    were trained with it. It is not the inverse of the reverse direction.
    """

    section_names = ("reorg",)
    needs_picture = True
    Options = ReorgOptions
    options: ReorgOptions

    def __init__(self, options: ReorgOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.stride, self.reverse = options.stride, options.reverse
        if options.extra:
            self.output_shape = Shape(context.input_shape.count + options.extra, 1, 1)
        else:
            self.output_shape = reorganized(context.input_shape, self.stride, reverse=self.reverse)
            check_stride(self, context.input_shape, self.stride, least=self.stride**2)

    @property
    def detail(self) -> str:
        return f"/{self.stride}"

    @property
    def reach(self) -> tuple[int, int, int, int]:
        return 1, self.stride, 1, 1

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, *output_shape], its values in another order, then zeros."""
        shape = Shape(*x.shape[1:])
        out = reorganized(shape, self.stride, reverse=self.reverse)
        if self.options.flatten:
            x = _flatten(x, reverse=self.reverse)
        if self.options.extra:
            return functional.pad(x.flatten(1), (0, self.options.extra))[:, :, None, None]
        if self.options.flatten:
            return x.flatten(1)[:, : out.count].reshape(-1, out.channels, out.height, out.width)
        return reorganize(x, shape, out, self.stride, to_blocks=self.reverse)


def reorganized(shape: Shape, stride: int, *, reverse: bool) -> Shape:
    """The shape that squares of `stride` make of `shape`, or its channels if `reverse`.

    Source: reorg_layer.c make_reorg_layer.
    """
    if reverse:
        return Shape(shape.channels // stride**2, shape.height * stride, shape.width * stride)
    return Shape(shape.channels * stride**2, shape.height // stride, shape.width // stride)


def check_stride(layer: Layer, deep: Shape, stride: int, *, least: int) -> None:
    """Refuse a stride for which nothing is left, or Darknet divides by zero; warn of losses.

    Raises:
        CfgError: the input has fewer than `least` channels, or no square in it.
    """
    if layer.input_shape.channels < least or not layer.output_shape.count:
        raise layer.config_error(
            f"stride={stride} is too large for its input",
            expected=f"at least {least} channels, and {stride} rows and columns",
            got=f"input {layer.input_shape}",
        )
    counts = layer.input_shape.count, layer.output_shape.count
    if not keeps_all_values(deep, *counts, stride):
        warn(
            f"[{layer.section}] stride={stride} does not divide its input: values are lost",
            where=layer.options.where,
            expected=f"channels, or height and width, divisible by {stride} or its square",
            got=f"input {layer.input_shape}",
        )


def _flatten(x: Tensor, *, reverse: bool) -> Tensor:
    """The values in the order of channels last (or back), under the same shape.

    Source: blas.c flatten (pjreddie).
    """
    count, channels, height, width = x.shape
    if reverse:
        return x.reshape(count, height * width, channels).transpose(1, 2).reshape(x.shape)
    return x.reshape(count, channels, height * width).transpose(1, 2).reshape(x.shape)
