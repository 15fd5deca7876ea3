"""[maxpool]: the largest value of each window."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions
from darknet_torch.layers.blur import Blur, overwritten
from darknet_torch.layers.window import PoolWindow, check_output
from darknet_torch.ops.convolution import count_windows


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
    needs_picture = True
    Options = MaxpoolOptions
    options: MaxpoolOptions

    def __init__(self, options: MaxpoolOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.in_blocks = context.dialect.numerics.maxpool_blocks
        self.window = PoolWindow.of(options)
        self.blur: Blur | None = None
        shape = context.input_shape
        if options.maxpool_depth:
            self.output_shape = Shape(options.out_channels, shape.height, shape.width)
            self._check_depth()
        elif options.antialiasing:
            stepping, self.window = self.window, replace(self.window, stride_y=1, stride_x=1)
            self.buffer_shape = self.window.output(self, shape)
            self.blur = Blur(
                options.antialiasing, self.buffer_shape, stepping.stride_y, stepping.stride_x
            )
            self.output_shape = self.blur.output_shape
            check_output(self, self.window)
        else:
            self.output_shape = self.window.output(self, shape)

    @property
    def detail(self) -> str:
        return self.window.text

    @property
    def bflops(self) -> float:
        return self.window.bflops(self.input_shape, self.buffer_shape)

    @property
    def reach(self) -> tuple[int, int, int, int]:
        return self.window.size, self.window.stride_x, 1, 1

    def _check_depth(self) -> None:
        channels, wanted = self.input_shape.channels, self.options.out_channels
        if wanted > channels:
            raise self.config_error(
                "maxpool_depth cannot make more channels",
                expected=f"out_channels of {channels} at most",
                got=wanted,
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.options.maxpool_depth:
            return self._over_channels(x)
        out = self._pool(x)
        return out if self.blur is None else self.blur(out)

    def buffer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        out = self(x)
        return out if self.blur is None else overwritten(self._pool(x), out)

    def _over_channels(self, x: Tensor) -> Tensor:
        """The largest of channels g, g + out_channels, g + 2 out_channels, ..."""
        wanted = self.options.out_channels
        missing = -x.shape[1] % wanted
        lowest = torch.finfo(x.dtype).min
        x = functional.pad(x, (0, 0, 0, 0, 0, missing), value=lowest)
        return x.reshape(x.shape[0], -1, wanted, *x.shape[-2:]).amax(1)

    def _pool(self, x: Tensor) -> Tensor:
        window = self.window
        out = self._exact(x)
        if self.in_blocks and not self.training and window.stride_y == window.stride_x:
            return self._with_blocks(x, out)
        return out

    def _exact(self, x: Tensor) -> Tensor:
        window, lowest = self.window, torch.finfo(x.dtype).min
        size, before, after = window.size, window.before, window.padding - window.before
        strides = (window.stride_y, window.stride_x)
        least = size - window.padding
        if x.shape[-2] < least or x.shape[-1] < least:
            return functional.max_pool2d(window.padded(x, lowest), size, strides)
        # With stride 2 the window that one row more at the end makes is that of ceil_mode.
        rounds_up = after > before and strides == (2, 2) and before < size - 1
        if before > size // 2 or (after > before and not rounds_up):
            x, before = functional.pad(x, (before, after, before, after), value=lowest), 0
        return functional.max_pool2d(x, size, strides, before, ceil_mode=rounds_up)

    def _with_blocks(self, x: Tensor, out: Tensor) -> Tensor:
        """`out` with the left border as the vectorised code computes it.

        It takes outputs in blocks of 8 (stride 1), or of 4 (a 2x2 window, stride 2), and
        asks for the first of a block only whether a column of the window is valid.

        Source: gemm.c forward_maxpool_layer_avx (AlexeyAB).
        """
        size, stride, before = self.window.size, self.window.stride_x, self.window.before
        if stride == 1:
            block, reach = 8, 8 + size - 1
        elif stride == 2 and size == 2:
            block, reach = 4, 4
        else:
            return out
        width = out.shape[-1]
        columns = torch.arange(width, device=x.device)
        for start in range(0, -(-before // stride), block):
            # A graph for any width asks when it runs; else only blocks that are there count.
            if not _becomes_graph() and width <= start + reach:
                break
            inside = (columns >= start) & (columns < start + block)
            inside &= columns[-1] >= start + reach
            place = (columns - start).clamp(0, block - 1)
            out = torch.where(inside, self._block(x, start)[..., place], out)
        return out

    def _block(self, x: Tensor, start: int) -> Tensor:
        """The block of columns at `start`: all with the window's columns of its first."""
        size, stride, before = self.window.size, self.window.stride_x, self.window.before
        lowest = torch.finfo(x.dtype).min
        block = 8 if stride == 1 else 4
        kept = size - (before - start * stride)  # columns of the window that count
        rows = count_windows(x.shape[-2] + self.window.padding - size, stride)
        if stride == 2 or kept < 1:
            return x.new_full((*x.shape[:2], rows, block), lowest)
        after = self.window.padding - before
        seen = block + kept - 1
        x = functional.pad(x, (0, seen, before, after), value=lowest).narrow(-1, 0, seen)
        return functional.max_pool2d(x, (size, kept), 1)


def _becomes_graph() -> bool:
    """Whether PyTorch records the computation, by torch.export or by torch.jit.trace."""
    return torch.compiler.is_exporting() or torch._C._get_tracing_state() is not None
