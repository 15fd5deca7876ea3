"""The window that pooling layers slide over their input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.shape import Shape
from darknet_torch.ops.convolution import count_windows


def check_output(layer: Any, window: Any) -> None:
    """Check that the layer's output and Darknet's buffer have values.

    Args:
        layer: the layer.
        window: what slides over the input; has a `size`.

    Raises:
        CfgError: its window is larger than its input.
    """
    for shape in (layer.output_shape, layer.buffer_shape):
        check_size(layer, shape, window.size)


def check_size(layer: Any, shape: Shape, size: int) -> None:
    """`check_output` for one shape and a window of `size`."""
    if shape.height < 1 or shape.width < 1:
        raise layer.config_error(
            f"window of {size} is larger than its input",
            expected="an output of 1x1 or more",
            got=f"input {layer.input_shape}",
            fix="enlarge width= and height= in [net]",
        )


@dataclass(frozen=True)
class PoolWindow:
    """A square window; `padding` is the total of an axis, half of it before the input.

    Source: maxpool_layer.c make_maxpool_layer.
    """

    size: int
    stride_y: int
    stride_x: int
    padding: int

    @staticmethod
    def from_options(options: Any) -> PoolWindow:
        """The window that the options stride, stride_x, stride_y, size and padding describe."""
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

    def bflops(self, input_shape: Shape, output_shape: Shape) -> float:
        """Billions of comparisons. Source: maxpool_layer.c make_maxpool_layer (AlexeyAB)."""
        return self.size**2 * input_shape.channels * output_shape.area / 1e9

    def working_values(self, shape: Shape) -> int:
        """Values of the padded input of `shape`."""
        height, width = (
            max(side + self.padding, self.size) for side in (shape.height, shape.width)
        )
        return shape.channels * height * width

    @property
    def padding_before(self) -> int:
        """The padding before the input, positions."""
        return self.padding // 2

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output for an input of that size."""
        return (
            count_windows(height + self.padding - self.size, self.stride_y),
            count_windows(width + self.padding - self.size, self.stride_x),
        )

    def output(self, layer: Any, shape: Shape) -> Shape:
        """The output's shape for an input of `shape`.

        Raises:
            CfgError: the window is larger than the input.
        """
        output_shape = Shape(shape.channels, *self.output_size(shape.height, shape.width))
        check_size(layer, output_shape, self.size)
        return output_shape

    def padding_after(self, height: int, width: int) -> tuple[int, int]:
        """The padding below and to the right that the last window needs, positions."""
        rows, columns = self.output_size(height, width)
        return (
            max(0, (rows - 1) * self.stride_y + self.size - self.padding_before - height),
            max(0, (columns - 1) * self.stride_x + self.size - self.padding_before - width),
        )

    def pad_input(self, x: Tensor, value: float) -> Tensor:
        """Give `x` [N, C, H, W] a border of `value`, exactly as far as the windows extend."""
        height, width = x.shape[-2:]
        after_y, after_x = self.padding_after(height, width)
        rows, columns = self.output_size(height, width)
        x = functional.pad(
            x, (self.padding_before, after_x, self.padding_before, after_y), value=value
        )
        last_y = (rows - 1) * self.stride_y + self.size
        last_x = (columns - 1) * self.stride_x + self.size
        return x[..., :last_y, :last_x]
