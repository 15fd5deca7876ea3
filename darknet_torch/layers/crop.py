"""[crop]: a part of the picture, at random while training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import flag, integer, number
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class CropOptions(LayerOptions):
    """Source: parser.c parse_crop."""

    crop_height: int = integer(1, minimum=1, doc="height of the part")
    crop_width: int = integer(1, minimum=1, doc="width of the part")
    flip: bool = flag(doc="mirror half of the batches while training")
    angle: float = number(0.0, doc="rotation while training; CUDA code only")
    saturation: float = number(1.0, doc="change of saturation while training; CUDA code only")
    exposure: float = number(1.0, doc="change of exposure while training; CUDA code only")
    shift: float = number(0.0, doc="shift while training; CUDA code only")
    noadjust: bool = flag(doc="leave 0-1 instead of mapping it to -1..1")


class Crop(Layer):
    """[crop]. Takes the middle at inference. Source: crop_layer.c forward_crop_layer."""

    section_names = ("crop",)
    example_cfg = "[crop]\ncrop_height=3\ncrop_width=2\n"
    needs_picture = True
    Options = CropOptions

    def __init__(self, options: CropOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        shape = context.input_shape
        self.output_shape = Shape(shape.channels, options.crop_height, options.crop_width)
        if options.crop_height > shape.height or options.crop_width > shape.width:
            raise self.config_error(
                "is larger than its input", expected=f"at most {shape}", got=self.output_shape
            )

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, C, crop_height, crop_width], the middle at inference."""
        shape = self.output_shape
        spare_y, spare_x = x.shape[-2] - shape.height, x.shape[-1] - shape.width
        top, left = spare_y // 2, spare_x // 2
        if self.training:
            top = int(torch.randint(spare_y + 1, ()))
            left = int(torch.randint(spare_x + 1, ()))
        x = x.narrow(-2, top, shape.height).narrow(-1, left, shape.width)
        if self.training and self.options.flip and int(torch.randint(2, ())):
            x = x.flip(-1)
        return x if self.options.noadjust else x * 2 - 1
