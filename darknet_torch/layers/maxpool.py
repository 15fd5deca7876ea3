"""[maxpool]: the largest value of each window."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import UnsupportedError
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class MaxpoolOptions(LayerOptions):
    """Source: parser.c parse_maxpool (both code bases)."""

    stride: int = integer(1, minimum=1, doc="step of the window")
    stride_x: int = integer(0, minimum=0, only="alexeyab", doc="step along x, else stride")
    stride_y: int = integer(0, minimum=0, only="alexeyab", doc="step along y, else stride")
    size: int = integer(0, minimum=0, doc="height and width of the window, else stride")
    padding: int = integer(-1, doc="total padding of an axis, else size - 1")
    antialiasing: int = integer(0, only="alexeyab", doc="blur instead of stepping: 1 3x3, 2 2x2")
    maxpool_depth: bool = flag(only="alexeyab", doc="pool over channels instead")
    out_channels: int = integer(1, minimum=1, only="alexeyab", doc="channels of maxpool_depth")
    maxpool_zero_nonmax: bool = flag(only="alexeyab", doc="keep the maxima only, while training")


class Maxpool(Layer):
    """[maxpool]. The border counts as the lowest float there is, never as zero.

    Source: maxpool_layer.c forward_maxpool_layer (both code bases).
    Differs: for a 2x2 window of stride 2 with padding above 3 AlexeyAB's vectorised code
    reads beyond a row.
    """

    section_names = ("maxpool", "max")
    Options = MaxpoolOptions

    def __init__(self, options: MaxpoolOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        for name in ("antialiasing", "maxpool_depth"):
            if getattr(options, name):
                raise UnsupportedError(
                    f"[{context.section}] {name}= is not supported yet", where=options.where
                )
        self.size = options.size or options.stride
        self.strides = (options.stride_y or options.stride, options.stride_x or options.stride)
        self.in_blocks = context.dialect.maxpool_blocks
        self.padding = self.size - 1 if options.padding < 0 else options.padding
        shape = context.input_shape
        height, width = self._output(shape.height, 0), self._output(shape.width, 1)
        if height < 1 or width < 1:
            raise self.misfit(
                f"window of {self.size} is larger than its input",
                expected="an output of 1x1 or more",
                got=f"input {shape}",
            )
        self.output_shape = Shape(shape.channels, height, width)

    def _output(self, size: int, axis: int) -> int:
        return int((size + self.padding - self.size) / self.strides[axis]) + 1

    def forward(self, x: Tensor) -> Tensor:
        out = self._pool(x)
        if self.in_blocks and not self.training and self.strides[0] == self.strides[1]:
            out = self._with_blocks(x, out)
        return out

    def _pool(self, x: Tensor) -> Tensor:
        before = self.padding // 2
        height, width = x.shape[-2:]
        out_height, out_width = self._output(height, 0), self._output(width, 1)
        after_y = max(0, (out_height - 1) * self.strides[0] + self.size - before - height)
        after_x = max(0, (out_width - 1) * self.strides[1] + self.size - before - width)
        padding = before
        if not (after_y <= before <= self.size // 2 and after_x <= before):
            x = _pad(x, (before, after_x, before, after_y))
            padding = 0
        x = functional.max_pool2d(x, self.size, self.strides, padding)
        return x[..., :out_height, :out_width]

    def _with_blocks(self, x: Tensor, out: Tensor) -> Tensor:
        """`out` with the left border as the vectorised code computes it.

        It takes outputs in blocks of 8 (stride 1), or of 4 (a 2x2 window, stride 2), and
        asks for the first of a block only whether a column of the window is valid.

        Source: gemm.c forward_maxpool_layer_avx (AlexeyAB).
        """
        stride, before, width = self.strides[0], self.padding // 2, out.shape[-1]
        if stride == 1:
            block, blocks = 8, range(0, width - 8 - (self.size - 1), 8)
        elif stride == 2 and self.size == 2:
            block, blocks = 4, range(0, width - 4, 4)
        else:
            return out
        changed = [start for start in blocks if start * stride < before]
        if not changed:
            return out
        out = out.clone()
        for start in changed:
            kept = self.size - (before - start * stride)  # columns of the window that count
            part = out[..., start : start + block]
            if stride == 2 or kept < 1:
                part.fill_(torch.finfo(x.dtype).min)
            else:
                after = part.shape[-2] + self.size - 1 - before - x.shape[-2]
                columns = _pad(x[..., : block + kept - 1], (0, 0, before, after))
                part.copy_(functional.max_pool2d(columns, (self.size, kept), 1))
        return out


def _pad(x: Tensor, sides: tuple[int, int, int, int]) -> Tensor:
    return functional.pad(x, sides, value=torch.finfo(x.dtype).min)
