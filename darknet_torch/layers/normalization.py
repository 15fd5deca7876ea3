"""[normalization]: local response normalisation over neighbouring channels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import integer, number
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class NormalizationOptions(LayerOptions):
    """Source: parser.c parse_normalization."""

    size: int = integer(
        5, minimum=1, doc="how many neighbouring channels, centred on the channel itself"
    )
    alpha: float = number(0.0001, doc="weight of the squares")
    beta: float = number(0.75, doc="exponent")
    kappa: float = number(1.0, doc="added to the weighted squares")


class LocalResponse(Layer):
    """[normalization]: x / (kappa + alpha * sum of squares) ** beta.

    Source: normalization_layer.c forward_normalization_layer, whose running sum never
    adds channel size / 2, but subtracts it.
    """

    section_names = ("normalization", "lrn")
    example_cfg = "[normalization]\nsize=3\n"
    Options = NormalizationOptions

    def __init__(self, options: NormalizationOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        if options.size // 2 >= context.input_shape.channels:
            raise self.config_error(
                f"size={options.size} is larger than its channels allow",
                expected=f"size below {2 * context.input_shape.channels}",
                got=f"{context.input_shape.channels} channels",
            )

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to the same shape."""
        options, channels = self.options, x.shape[1]
        squares = x * x
        sums = torch.cat((torch.zeros_like(squares[:, :1]), squares.cumsum(1)), 1)
        index = torch.arange(channels, device=x.device)
        last = (index + options.size // 2 + 1).clamp(max=channels)
        first = (index - (options.size - 1) // 2).clamp(min=0)
        omitted = options.size // 2
        window_sums = sums[:, last] - sums[:, first] - squares[:, omitted : omitted + 1]
        factors = (options.kappa + options.alpha * window_sums) ** -options.beta
        # Source: normalization_layer.c backward_normalization_layer treats the factors as
        # constants.
        return x * (factors.detach() if self.training else factors)
