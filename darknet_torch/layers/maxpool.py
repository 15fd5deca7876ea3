"""[maxpool]: the largest value of each window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import (
    BuildContext,
    InferenceStep,
    Layer,
    LayerOptions,
    ReceptiveWindow,
)
from darknet_torch.layers.blur import Blur, blurred_buffer
from darknet_torch.layers.window import PoolWindow, check_output
from darknet_torch.ops.convolution import count_windows


@dataclass(frozen=True)
class MaxpoolOptions(LayerOptions):
    """Source: parser.c parse_maxpool (both code bases)."""

    stride: int = integer(1, minimum=1, doc="step of the window")
    stride_x: int = integer(0, minimum=0, only="alexeyab", doc="step along x, stride if 0")
    stride_y: int = integer(0, minimum=0, only="alexeyab", doc="step along y, stride if 0")
    size: int = integer(0, minimum=0, doc="height and width of the window, stride if 0")
    padding: int = integer(-1, doc="total padding of an axis, size - 1 if negative")
    antialiasing: int = integer(0, only="alexeyab", doc="blur instead of stepping: 1 3x3, 2 2x2")
    maxpool_depth: bool = flag(only="alexeyab", doc="pool over channels instead")
    out_channels: int = integer(1, minimum=1, only="alexeyab", doc="channels of maxpool_depth")
    maxpool_zero_nonmax: bool = flag(only="alexeyab", doc="keep the maxima only, while training")


class Maxpool(Layer):
    """[maxpool]. The border counts as the lowest float, never as zero.

    Source: maxpool_layer.c forward_maxpool_layer (both code bases).
    Differs: for a 2x2 window of stride 2 with padding above 3 AlexeyAB's vectorised code
    reads beyond a row.
    """

    section_names = ("maxpool", "max")
    example_cfg = "[maxpool]\nsize=2\nstride=2\n"
    needs_picture = True
    Options = MaxpoolOptions
    options: MaxpoolOptions

    def __init__(self, options: MaxpoolOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.in_blocks = context.dialect.numerics.maxpool_blocks
        self.window = PoolWindow.from_options(options)
        self.blur: Blur | None = None
        shape = context.input_shape
        if options.maxpool_depth:
            self.output_shape = Shape(options.out_channels, shape.height, shape.width)
            self._check_depth()
        elif options.antialiasing:
            strided, self.window = self.window, replace(self.window, stride_y=1, stride_x=1)
            self.buffer_shape = self.window.output(self, shape)
            self.blur = Blur(
                options.antialiasing, self.buffer_shape, strided.stride_y, strided.stride_x
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
    def working_values(self) -> int:
        blurred = self.buffer_shape.count if self.blur is not None else 0
        return self.window.working_values(self.input_shape) + blurred

    @property
    def receptive_window(self) -> ReceptiveWindow:
        return ReceptiveWindow(self.window.size, self.window.stride_x)

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
        return out if self.blur is None else blurred_buffer(self._pool(x), out)

    def _over_channels(self, x: Tensor) -> Tensor:
        """The largest of channels g, g + out_channels, g + 2 out_channels, ..."""
        wanted = self.options.out_channels
        missing = -x.shape[1] % wanted
        lowest = torch.finfo(x.dtype).min
        x = functional.pad(x, (0, 0, 0, 0, 0, missing), value=lowest)
        return x.reshape(x.shape[0], -1, wanted, *x.shape[-2:]).amax(1)

    def _pool(self, x: Tensor, exactly: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Pool, with AlexeyAB's left border.

        Args:
            x: [N, C, H, W].
            exactly: what pools without that border, `_pool_exactly` by default.
        """
        window = self.window
        out = (exactly or self._pool_exactly)(x)
        if self.in_blocks and not self.training and window.stride_y == window.stride_x:
            return self._with_vectorized_border(x, out)
        return out

    def inference_step(self, overwritable: Sequence[bool]) -> InferenceStep:
        """Compare pairs, or rows and then columns, instead of all values of a window."""
        if self.options.maxpool_depth or self.blur is not None:
            return super().inference_step(overwritable)
        return InferenceStep(partial(self._pool, exactly=self._exactly_in_passes()))

    def _exactly_in_passes(self) -> Callable[[Tensor], Tensor]:
        """`_pool_exactly` along one axis after the other, where that is faster."""
        window = self.window
        strides, before = (window.stride_y, window.stride_x), window.padding_before
        if window.size == 2 and strides == (2, 2) and not before:
            return self._of_pairs
        if window.size > 3 and strides == (1, 1) and window.padding == 2 * before:
            return self._along_axes
        return self._pool_exactly

    def _of_pairs(self, x: Tensor) -> Tensor:
        """2x2 windows side by side; no window of an even map reaches beyond it."""
        if x.shape[-2] % 2 or x.shape[-1] % 2:
            return self._pool_exactly(x)
        rows = torch.maximum(x[:, :, ::2], x[:, :, 1::2])
        return torch.maximum(rows[..., ::2], rows[..., 1::2])

    def _along_axes(self, x: Tensor) -> Tensor:
        """Windows of stride 1 with the same padding on both sides."""
        size, before = self.window.size, self.window.padding_before
        if before > size // 2 or min(x.shape[-2:]) < size - 2 * before:
            return self._pool_exactly(x)
        rows = functional.max_pool2d(x, (1, size), 1, (0, before))
        return functional.max_pool2d(rows, (size, 1), 1, (before, 0))

    def _pool_exactly(self, x: Tensor) -> Tensor:
        window, lowest = self.window, torch.finfo(x.dtype).min
        size, before, after = (
            window.size,
            window.padding_before,
            window.padding - window.padding_before,
        )
        strides = (window.stride_y, window.stride_x)
        smallest = size - window.padding
        if x.shape[-2] < smallest or x.shape[-1] < smallest:
            return functional.max_pool2d(window.pad_input(x, lowest), size, strides)
        # With stride 2, one more row of padding at the end adds the window of ceil_mode.
        rounds_up = after > before and strides == (2, 2) and before < size - 1
        if before > size // 2 or (after > before and not rounds_up):
            x, before = functional.pad(x, (before, after, before, after), value=lowest), 0
        return functional.max_pool2d(x, size, strides, before, ceil_mode=rounds_up)

    def _with_vectorized_border(self, x: Tensor, out: Tensor) -> Tensor:
        """`out` with the left border as AlexeyAB's vectorised code computes it.

        That code computes outputs in blocks of 8 (stride 1), or of 4 (a 2x2 window, stride 2),
        and checks only for the first output of a block which columns of the window are valid.

        Source: gemm.c forward_maxpool_layer_avx (AlexeyAB).
        """
        size, stride, before = self.window.size, self.window.stride_x, self.window.padding_before
        if stride == 1:
            block, extent = 8, 8 + size - 1
        elif stride == 2 and size == 2:
            block, extent = 4, 4
        else:
            return out
        width = out.shape[-1]
        columns = torch.arange(width, device=x.device)
        for start in range(0, -(-before // stride), block):
            # A graph of any width decides when it runs; otherwise blocks beyond the width are
            # left out.
            if not _may_vary(width) and width <= start + extent:
                break
            inside = (columns >= start) & (columns < start + block)
            inside &= columns[-1] >= start + extent
            place = (columns - start).clamp(0, block - 1)
            out = torch.where(inside, self._block(x, start)[..., place], out)
        return out

    def _block(self, x: Tensor, start: int) -> Tensor:
        """The block of outputs at `start`, all with the valid window columns of the first."""
        size, stride, before = self.window.size, self.window.stride_x, self.window.padding_before
        lowest = torch.finfo(x.dtype).min
        block = 8 if stride == 1 else 4
        valid = size - (before - start * stride)  # columns of the window inside the input
        rows = count_windows(x.shape[-2] + self.window.padding - size, stride)
        if stride == 2 or valid < 1:
            return x.new_full((*x.shape[:2], rows, block), lowest)
        after = self.window.padding - before
        width = block + valid - 1
        x = functional.pad(x, (0, width, before, after), value=lowest).narrow(-1, 0, width)
        return functional.max_pool2d(x, (size, valid), 1)


def _may_vary(size: int) -> bool:
    """Whether PyTorch records the computation with this size left open.

    torch.export gives such a size a type of its own, torch.jit.trace leaves every size open.
    """
    return isinstance(size, torch.SymInt) or torch._C._get_tracing_state() is not None
