"""The blur that antialiasing applies after a layer, in place of the layer's stride."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from darknet_torch.cfg.shape import Shape
from darknet_torch.ops.convolution import Geometry, convolve


class Blur(nn.Module):
    """A fixed depthwise convolution: 1 is 3x3 [1 2 1] x [1 2 1] / 16, 2 is a 2x2 mean.

    Source: convolutional_layer.c make_convolutional_layer, its antialiasing (AlexeyAB).
    """

    kernel: Tensor

    def __init__(self, kind: int, shape: Shape, stride_y: int, stride_x: int) -> None:
        super().__init__()
        box = kind == 2
        line = [0.5, 0.5] if box else [0.25, 0.5, 0.25]
        square = torch.tensor([[row * column for column in line] for row in line])
        kernel = square.expand(shape.channels, 1, -1, -1)
        self.register_buffer("kernel", kernel, persistent=False)
        self.geometry = Geometry(
            len(line), stride_y, stride_x, padding=0 if box else 1, groups=shape.channels
        )
        height, width = self.geometry.output(shape.height, shape.width)
        self.output_shape = Shape(shape.channels, height, width)

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, C, H', W']."""
        return convolve(x, self.kernel.to(x.dtype), None, self.geometry)


def blurred_buffer(host: Tensor, blurred: Tensor) -> Tensor:
    """Darknet's output buffer of a blurred layer.

    Args:
        host: the layer's output before the blur, [N, C, H, W].
        blurred: the output after the blur, which Darknet writes over the start of the buffer.

    Returns:
        [N, C, H, W], each picture's first values replaced by the blurred ones.
    """
    start, rest = blurred.flatten(1), host.flatten(1)
    return torch.cat((start, rest[:, start.shape[1] :]), 1).view_as(host)
