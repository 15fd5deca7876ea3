"""A convolution of single pixels as one product of matrices, for small maps."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.ops.activations import overwriting_at_inference
from darknet_torch.ops.convolution import Geometry
from darknet_torch.ops.folded_convolution import FoldedConvolution

# Measured on two cores: up to these a product with the biases and the activation after it takes
# as long as the fused convolution, or half as long where the map is small.
_MOST_POSITIONS = 80 * 80
_MOST_PRODUCTS = 25_000_000


class PixelProduct:
    """A convolution of 1x1 windows with an activation function.

    Args:
        folded: one that `takes` accepts.
    """

    def __init__(self, folded: FoldedConvolution) -> None:
        # Copies: what is computed must not change with the layer's own arrays.
        self._matrix = folded.weights.detach().flatten(1).t().contiguous().clone()
        self._biases = folded.biases.detach().clone()
        self._activate = overwriting_at_inference(folded.activation)

    @staticmethod
    def takes(folded: FoldedConvolution) -> bool:
        """Whether the convolution has 1x1 windows, and few enough of them."""
        positions = folded.sizes[0] * folded.sizes[1]
        return (
            folded.geometry == Geometry(1)
            and positions <= _MOST_POSITIONS
            and positions * folded.weights.numel() <= _MOST_PRODUCTS
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
