"""[scale_channels]: another layer's channels, or positions, times the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import REQUIRED, activation, flag, integer
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions, unchanged


@dataclass(frozen=True)
class ScaleChannelsOptions(LayerOptions):
    """Source: parser.c parse_scale_channels (AlexeyAB)."""

    from_: int = integer(REQUIRED, key="from", doc="the layer to scale, relative if negative")
    scale_wh: bool = flag(doc="scale positions, not channels")
    activation: str = activation("linear")


class ScaleChannels(Layer):
    """[scale_channels]. Source: scale_channels_layer.c forward_scale_channels_layer."""

    section_names = ("scale_channels",)
    Options = ScaleChannelsOptions

    def __init__(self, options: ScaleChannelsOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        scaled = context.layer(options.from_, options.where, "from")
        scaled.on_extra_consumer()
        context.previous_has_extra_consumer()
        self.sources = (context.index - 1, scaled.index)
        self.activation = self.find_activation(options.activation, context.dialect)
        self.output_shape, factors = scaled.output_shape, context.input_shape
        if options.scale_wh:
            fits = factors.channels == 1 and (factors.height, factors.width) == (
                self.output_shape.height,
                self.output_shape.width,
            )
            expected = f"1x{self.output_shape.height}x{self.output_shape.width}"
        else:
            fits = factors.area == 1 and factors.channels == self.output_shape.channels
            expected = f"{self.output_shape.channels}x1x1"
        if not fits:
            raise self.config_error(
                f"cannot scale layer {scaled.index} by the layer before it",
                expected=f"{expected} factors",
                got=context.input_shape,
            )

    def forward(self, factors: Tensor, scaled: Tensor) -> Tensor:
        return self.forward_recording_delta(factors, scaled, record=unchanged)

    def forward_recording_delta(
        self, *inputs: Tensor, record: Callable[[Tensor], Tensor]
    ) -> Tensor:
        factors, scaled = inputs
        return self.activation(record(scaled * factors))
