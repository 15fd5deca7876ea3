"""[iseg]: instance segmentation, classes and an embedding for each position."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import integer
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class IsegOptions(LayerOptions):
    """Source: parser.c parse_iseg (pjreddie)."""

    classes: int = integer(20, minimum=1, doc="how many classes")
    ids: int = integer(32, minimum=0, doc="values of the embedding")


class Iseg(Layer):
    """[iseg]. Source: iseg_layer.c forward_iseg_layer (pjreddie)."""

    section_names = ("iseg",)
    example_cfg = "[convolutional]\nfilters=5\n[iseg]\nclasses=3\nids=2\n"
    Options = IsegOptions

    def __init__(self, options: IsegOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        needed = options.classes + options.ids
        if context.input_shape.channels != needed:
            raise self.config_error(
                "does not fit the layer before it",
                expected=f"filters={needed} = {options.classes} classes + {options.ids} ids",
                got=f"{context.input_shape.channels} channels",
            )

    def forward(self, x: Tensor) -> Tensor:
        classes = self.options.classes
        return torch.cat((torch.sigmoid(x[:, :classes]), x[:, classes:]), 1)
