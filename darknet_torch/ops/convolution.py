"""Convolution with Darknet's output sizes, dilated windows included."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.shape import Shape


def count_windows(span: int, stride: int) -> int:
    """Count the windows whose first positions lie in 0..`span`.

    Source: convolutional_layer.c convolutional_out_height: C divides towards zero.
    """
    return (span // stride if span >= 0 else -(-span // stride)) + 1


@dataclass(frozen=True)
class Geometry:
    """The window of a convolution; `padding` is per side, before dilation."""

    size: int
    stride_y: int = 1
    stride_x: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1

    def output(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output. The formula ignores dilation, as Darknet's does.

        Source: convolutional_layer.c convolutional_out_height.
        """
        return (
            count_windows(height + 2 * self.padding - self.size, self.stride_y),
            count_windows(width + 2 * self.padding - self.size, self.stride_x),
        )

    def dilated_output(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output that the dilated windows give."""
        extent = self.dilation * (self.size - 1) + 1
        padding = 2 * self.padding * self.dilation
        return (
            (height + padding - extent) // self.stride_y + 1,
            (width + padding - extent) // self.stride_x + 1,
        )

    def working_values(self, shape: Shape) -> int:
        """Values of the padded input of `shape` and, with dilation, of its matrix of windows."""
        sides = shape.height, shape.width
        out, strides = self.output(*sides), (self.stride_y, self.stride_x)
        reach = self.dilation * (self.size - 1) + 1
        padded = [
            max(side + 2 * self.padding * self.dilation, (count - 1) * stride + reach)
            for side, count, stride in zip(sides, out, strides, strict=True)
        ]
        values = shape.channels * padded[0] * padded[1]
        if self.dilation == 1:
            return values
        dilated = [max(0, count) for count in self.dilated_output(*sides)]
        positions = max(out[0] * out[1], dilated[0] * dilated[1])
        return values + shape.channels * self.size**2 * positions

    @property
    def text(self) -> str:
        """The window in Darknet's words, such as "3x3/2" or "3x3/1(2)"."""
        size, strides = self.size, (self.stride_x, self.stride_y)
        step = str(strides[0]) if strides[0] == strides[1] else f"{strides[0]}x{strides[1]}"
        return f"{size}x{size}/{step}" + (f"({self.dilation})" if self.dilation > 1 else "")


def convolve(x: Tensor, weights: Tensor, biases: Tensor | None, geometry: Geometry) -> Tensor:
    """Convolve to an output of the size that `Geometry.output` gives.

    That size ignores dilation. Where the dilated windows give another size, Darknet builds its
    matrix with that size and multiplies with this one, which scrambles the output.

    Args:
        x: [N, C, H, W].
        weights: [filters, C / groups, size, size].
        biases: [filters], or None.
        geometry: the window.

    Returns:
        [N, filters, H', W'].

    Source: convolutional_layer.c forward_convolutional_layer, im2col.c im2col_cpu_ext.
    Differs: where there are fewer dilated windows than outputs, Darknet reads what earlier
    layers left in its memory; here the missing windows see zeros.
    """
    height, width = x.shape[-2:]
    strides = (geometry.stride_y, geometry.stride_x)
    smallest = geometry.size - 2 * geometry.padding
    if geometry.dilation == 1 and height >= smallest and width >= smallest:
        return functional.conv2d(
            x, weights, biases, strides, geometry.padding, groups=geometry.groups
        )
    rows, columns = geometry.output(height, width)
    if geometry.dilation > 1:
        dilated = geometry.dilated_output(height, width)
        if dilated != (rows, columns) and dilated[0] * dilated[1] >= rows * columns:
            return _scrambled_product(x, weights, biases, geometry, (rows, columns))
    before = geometry.padding * geometry.dilation
    after_y = _padding_after(rows, geometry.stride_y, geometry, height, before)
    after_x = _padding_after(columns, geometry.stride_x, geometry, width, before)
    padding = before
    if not (0 <= after_y <= before and 0 <= after_x <= before):
        x = functional.pad(x, (before, after_x, before, after_y))
        padding = 0
    x = functional.conv2d(x, weights, biases, strides, padding, geometry.dilation, geometry.groups)
    return x[..., :rows, :columns]


def _scrambled_product(
    x: Tensor, weights: Tensor, biases: Tensor | None, geometry: Geometry, size: tuple[int, int]
) -> Tensor:
    """The product of the weights with a matrix that is read as if its rows were shorter.

    Args:
        size: height and width of the output.
    """
    strides = (geometry.stride_y, geometry.stride_x)
    padding = geometry.padding * geometry.dilation
    taps, positions = weights[0].numel(), size[0] * size[1]
    parts = []
    for part, kernel in zip(
        x.chunk(geometry.groups, 1), weights.chunk(geometry.groups), strict=True
    ):
        matrix = functional.unfold(part, geometry.size, geometry.dilation, padding, strides)
        matrix = matrix.flatten(1)[:, : taps * positions].reshape(-1, taps, positions)
        parts.append(kernel.flatten(1) @ matrix)
    out = torch.cat(parts, 1).reshape(x.shape[0], -1, *size)
    return out if biases is None else out + biases[:, None, None]


def _padding_after(out: int, stride: int, geometry: Geometry, size: int, before: int) -> int:
    """The positions by which the last window extends beyond the input; negative if inside.

    Args:
        out: number of windows along the axis.
        stride: step of the windows along the axis.
        geometry: the window.
        size: the input's size along the axis.
        before: the padding before the input.
    """
    extent = (out - 1) * stride + geometry.dilation * (geometry.size - 1) + 1
    return extent - before - size
