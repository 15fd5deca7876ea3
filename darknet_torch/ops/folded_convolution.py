"""What a convolution computes at inference, before its form is chosen."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.ops.activations import Activation
from darknet_torch.ops.convolution import Geometry


@dataclass(frozen=True)
class FoldedConvolution:
    """A convolution without normalisation, and the activation function that follows.

    Attributes:
        weights: [filters, C / groups, size, size].
        biases: [filters].
        geometry: the window.
        activation: the function.
        sizes: height and width of the maps that are to come; others can be computed, too.
    """

    weights: Tensor
    biases: Tensor
    geometry: Geometry
    activation: Activation
    sizes: tuple[int, int]
