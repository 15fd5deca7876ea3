"""[sam]: another layer times the one before, value by value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import REQUIRED, activation, integer
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions, unchanged


@dataclass(frozen=True)
class SamOptions(LayerOptions):
    """Source: parser.c parse_sam (AlexeyAB)."""

    from_: int = integer(REQUIRED, key="from", doc="the other layer, relative if negative")
    activation: str = activation("linear")


class Sam(Layer):
    """[sam]. Source: sam_layer.c forward_sam_layer."""

    section_names = ("sam",)
    Options = SamOptions

    def __init__(self, options: SamOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        other = context.layer(options.from_, options.where, "from")
        other.on_extra_consumer()
        context.previous_has_extra_consumer()
        self.sources = (context.index - 1, other.index)
        self.activation = self.find_activation(options.activation, context.dialect)
        if other.output_shape != context.input_shape:
            raise self.config_error(
                f"cannot multiply layer {other.index} by the layer before it",
                expected=other.output_shape,
                got=context.input_shape,
            )

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        return self.forward_recording_delta(x, other, record=unchanged)

    def forward_recording_delta(
        self, *inputs: Tensor, record: Callable[[Tensor], Tensor]
    ) -> Tensor:
        x, other = inputs
        return self.activation(record(x * other))

    @property
    def overwritten_sources(self) -> tuple[int, ...]:
        """Source: sam_layer.c backward_sam_layer."""
        return self.sources[1:] if self.overwrites else ()
