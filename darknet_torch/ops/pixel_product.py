"""A convolution of single pixels as one product of matrices, for small maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from darknet_torch.ops.activations import Activation, overwriting_at_inference
from darknet_torch.ops.convolution import Geometry

# Measured on two cores: up to these a product with the biases and the activation after it takes
# as long as the fused convolution, or half as long where the map is small.
_MOST_POSITIONS = 80 * 80
_MOST_PRODUCTS = 25_000_000


class PixelProduct:
    """A convolution of 1x1 windows with an activation function.

    Args:
        weights: [filters, C, 1, 1].
        biases: [filters].
        geometry: a window that `takes` accepts.
        activation: the function.
        sizes: height and width of the maps that are to come; others are computed, too.
    """

    def __init__(
        self,
        weights: Tensor,
        biases: Tensor,
        geometry: Geometry,
        activation: Activation,
        sizes: Sequence[int],
    ) -> None:
        # Copies: what is computed must not change with the layer's own arrays.
        self._matrix = weights.detach().flatten(1).t().contiguous().clone()
        self._biases = biases.detach().clone()
        self._activate = overwriting_at_inference(activation)

    @staticmethod
    def takes(
        weights: Tensor, geometry: Geometry, activation: Activation, sizes: Sequence[int]
    ) -> bool:
        """Whether the convolution has 1x1 windows, and few enough of them; see `__init__`."""
        positions = sizes[0] * sizes[1]
        return (
            geometry == Geometry(1)
            and positions <= _MOST_POSITIONS
            and positions * weights.numel() <= _MOST_PRODUCTS
        )

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply and activate.

        Args:
            x: [N, C, H, W]; channels-last is fast.

        Returns:
            [N, filters, H, W], channels-last.
        """
        count, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, channels)
        out = torch.mm(rows, self._matrix).add_(self._biases)
        return self._activate(out.view(count, height, width, out.shape[1]).permute(0, 3, 1, 2))
