"""[empty]: a placeholder that passes its input on."""

from __future__ import annotations

from torch import Tensor

from darknet_torch.layers.base import Layer


class Empty(Layer):
    """[empty]. Source: parser.c parse_network_cfg_custom (AlexeyAB)."""

    works_in_place = True
    section_names = ("empty", "silence")
    example_cfg = "[empty]\n"

    @property
    def passes_input_on(self) -> bool:
        return True

    def forward(self, x: Tensor) -> Tensor:
        return x
