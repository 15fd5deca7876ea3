"""[activation]: an activation function on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import activation
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions, unchanged


@dataclass(frozen=True)
class ActivationOptions(LayerOptions):
    """Source: parser.c parse_activation."""

    activation: str = activation("linear")


class Activate(Layer):
    """[activation]. Source: activation_layer.c forward_activation_layer."""

    section_names = ("activation",)
    Options = ActivationOptions

    def __init__(self, options: ActivationOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.activation = self.find_activation(options.activation, context.dialect)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_recording_delta(x, record=unchanged)

    def forward_recording_delta(
        self, *inputs: Tensor, record: Callable[[Tensor], Tensor]
    ) -> Tensor:
        (x,) = inputs
        return self.activation(record(x))
