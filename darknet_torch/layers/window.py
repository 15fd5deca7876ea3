"""The window that pooling layers slide over their input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.shape import Shape
from darknet_torch.ops.convolution import count_windows


def check_output(layer: Any, window: Any) -> None:
    """Refuse a layer whose output, or buffer, has no values; `window` has a `size`.

    Raises:
        CfgError: its window is larger than its input.
    """
    for shape in (layer.output_shape, layer.buffer_shape):
        check_size(layer, shape, window.size)


def check_size(layer: Any, shape: Shape, size: int) -> None:
    """See `check_output`, for one shape."""
    if shape.height < 1 or shape.width < 1:
        raise layer.config_error(
            f"window of {size} is larger than its input",
            expected="an output of 1x1 or more",
            got=f"input {layer.input_shape}",
            fix="enlarge width= and height= in [net]",
        )


@dataclass(frozen=True)
class PoolWindow:
    """A square window; `padding` is the total of an axis, its half lies before the input.

    Source: maxpool_layer.c make_maxpool_layer.
    """

    size: int
    stride_y: int
    stride_x: int
    padding: int

    @staticmethod
    def of(options: Any) -> PoolWindow:
        """The window that options stride, stride_x, stride_y, size and padding describe."""
        size = options.size or options.stride
        return PoolWindow(
            size,
            options.stride_y or options.stride,
            options.stride_x or options.stride,
            size - 1 if options.padding < 0 else options.padding,
        )

    @property
    def text(self) -> str:
        """The window in Darknet's words, such as "2x2/2"."""
        strides = (self.stride_x, self.stride_y)
        step = str(strides[0]) if strides[0] == strides[1] else f"{strides[0]}x{strides[1]}"
        return f"{self.size}x{self.size}/{step}"

    def bflops(self, taken: Shape, made: Shape) -> float:
        """Billions of comparisons. Source: maxpool_layer.c make_maxpool_layer (AlexeyAB)."""
        return self.size**2 * taken.channels * made.area / 1e9

    @property
    def before(self) -> int:
        """How far the first window reaches out of the input."""
        return self.padding // 2

    def steps(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output."""
        return (
            count_windows(height + self.padding - self.size, self.stride_y),
            count_windows(width + self.padding - self.size, self.stride_x),
        )

    def output(self, layer: Any, shape: Shape) -> Shape:
        """The output's shape.

        Raises:
            CfgError: the window does not fit once.
        """
        made = Shape(shape.channels, *self.steps(shape.height, shape.width))
        check_size(layer, made, self.size)
        return made

    def after(self, height: int, width: int) -> tuple[int, int]:
        """How far the last window reaches beyond the input, down and to the right."""
        rows, columns = self.steps(height, width)
        return (
            max(0, (rows - 1) * self.stride_y + self.size - self.before - height),
            max(0, (columns - 1) * self.stride_x + self.size - self.before - width),
        )

    def padded(self, x: Tensor, value: float) -> Tensor:
        """`x` with a border of `value`, as far as the windows reach and no further."""
        height, width = x.shape[-2:]
        after_y, after_x = self.after(height, width)
        rows, columns = self.steps(height, width)
        x = functional.pad(x, (self.before, after_x, self.before, after_y), value=value)
        last_y = (rows - 1) * self.stride_y + self.size
        last_x = (columns - 1) * self.stride_x + self.size
        return x[..., :last_y, :last_x]
