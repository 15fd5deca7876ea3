"""[avgpool]: the mean of each channel."""

from __future__ import annotations

from torch import Tensor

from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


class Avgpool(Layer):
    """[avgpool]. Source: avgpool_layer.c forward_avgpool_layer."""

    section_names = ("avgpool", "avg")
    needs_picture = True

    def __init__(self, options: LayerOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.output_shape = Shape(context.input_shape.channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.arithmetic.channel_means(x)
