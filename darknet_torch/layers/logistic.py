"""[logistic]: the logistic function, with a binary cross-entropy loss."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.layers.base import Layer


class Logistic(Layer):
    """[logistic]. Source: logistic_layer.c forward_logistic_layer (pjreddie)."""

    section_names = ("logistic",)
    example_cfg = "[logistic]\n"
    needs_float32 = True

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x)
