"""[cost]: the loss of a classifier or of a plain regression."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import choice, number
from darknet_torch.layers.base import Layer, LayerOptions


@dataclass(frozen=True)
class CostOptions(LayerOptions):
    """Source: parser.c parse_cost (both code bases)."""

    type: str = choice(
        "sse",
        *("sse", "masked", "smooth", "seg", "L1", "wgan"),
        fallback="sse",
        words_of={"seg": "pjreddie", "L1": "pjreddie", "wgan": "pjreddie"},
        doc="how the error is measured",
    )
    scale: float = number(1.0, doc="factor on the gradient")
    ratio: float = number(0.0, doc="part of the errors to drop; CUDA code only")
    noobj: float = number(1.0, only="pjreddie", doc="factor where there is no object")
    thresh: float = number(0.0, only="pjreddie", doc="errors below are dropped")


class Cost(Layer):
    """[cost]. Without a truth Darknet leaves its output zero, and so does this.

    Source: cost_layer.c forward_cost_layer.
    """

    section_names = ("cost",)
    example_cfg = "[softmax]\n[cost]\n"
    Options = CostOptions
    may_be_output = False

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape)
