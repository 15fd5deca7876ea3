"""[reorg]: squares of positions become channels, in Darknet's order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class ReorgOptions(LayerOptions):
    """Source: parser.c parse_reorg_old (AlexeyAB), parse_reorg (pjreddie)."""

    stride: int = integer(1, minimum=1, doc="side of the square")
    reverse: bool = flag(doc="channels become squares; with flatten: channels first again")
    flatten: bool = flag(only="pjreddie", doc="channels last, nothing else")
    extra: int = integer(0, minimum=0, only="pjreddie", doc="zeros behind the values instead")


class Reorg(Layer):
    """[reorg]. Source: blas.c reorg_cpu (both code bases), reorg_layer.c (pjreddie).

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
            self.output_shape = reorganized(self, plain=self.reverse or options.flatten)

    @property
    def detail(self) -> str:
        return f"/{self.stride}"

    @property
    def reach(self) -> tuple[int, int, int, int]:
        return 1, self.stride, 1, 1

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, *output_shape], its values in another order, then zeros."""
        if self.options.flatten:
            shape = self.output_shape
            flat = _flatten(x, reverse=self.reverse)
            return flat.reshape(-1, shape.channels, shape.height, shape.width)
        if self.options.extra:
            flat = functional.pad(x.flatten(1), (0, self.options.extra))
            return flat[:, :, None, None]
        if self.reverse:
            return channels_to_space(x, self.stride)
        return _scrambled(x, self.stride)


def reorganized(layer: Any, *, plain: bool) -> Shape:
    """The shape that a `Reorg` or `Reorg3d` makes of its input.

    Args:
        plain: its order is not scrambled; a scrambled one needs more channels.

    Raises:
        CfgError: the stride does not divide the input.
    """
    shape, stride = layer.input_shape, layer.stride
    divisor = stride ** (2 * (layer.reverse + (not plain)))  # of the channels
    fits = shape.channels % divisor == 0
    if not layer.reverse:
        fits = fits and not (shape.height % stride or shape.width % stride)
    if not fits:
        raise layer.misfit(
            f"stride={stride} does not divide its input",
            expected=f"channels divisible by {divisor}, height and width by {stride}",
            got=f"input {shape}",
        )
    if layer.reverse:
        return Shape(shape.channels // stride**2, shape.height * stride, shape.width * stride)
    return Shape(shape.channels * stride**2, shape.height // stride, shape.width // stride)


def channels_to_space(x: Tensor, stride: int) -> Tensor:
    """[N, s * s * C, H, W] to [N, C, H * s, W * s]; the place in the square comes first."""
    count, channels, height, width = x.shape
    inner = channels // stride**2
    x = x.reshape(count, stride, stride, inner, height, width).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(count, inner, height * stride, width * stride)


def space_to_channels(x: Tensor, stride: int) -> Tensor:
    """The inverse of `channels_to_space`."""
    count, channels, height, width = x.shape
    rows, columns = height // stride, width // stride
    x = x.reshape(count, channels, rows, stride, columns, stride).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(count, channels * stride**2, rows, columns)


def _scrambled(x: Tensor, stride: int) -> Tensor:
    """`space_to_channels` of the same memory with `stride` ** 2 times fewer channels."""
    count, channels, height, width = x.shape
    memory = x.reshape(count, channels // stride**2, height * stride, width * stride)
    shape = (count, channels * stride**2, height // stride, width // stride)
    return space_to_channels(memory, stride).reshape(shape)


def _flatten(x: Tensor, *, reverse: bool) -> Tensor:
    """The values in the order of channels last (or back), under the same shape.

    Source: blas.c flatten (pjreddie).
    """
    count, channels, height, width = x.shape
    if reverse:
        return x.reshape(count, height * width, channels).transpose(1, 2).reshape(x.shape)
    return x.reshape(count, channels, height * width).transpose(1, 2).reshape(x.shape)
