"""A convolution with an activation function in the form that is fastest at inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from darknet_torch.ops.activations import Activation, overwriting_at_inference
from darknet_torch.ops.convolution import Geometry, convolve
from darknet_torch.ops.packed_convolution import PackedConvolution
from darknet_torch.ops.pixel_product import PixelProduct


class PlainConvolution:
    """PyTorch's convolution, and the activation function over its output.

    Args:
        weights: [filters, C / groups, size, size].
        biases: [filters].
        geometry: the window.
        activation: the function.
        sizes: not used.
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
        self._weights = weights.detach().clone(memory_format=torch.channels_last)
        self._biases, self._geometry = biases.detach().clone(), geometry
        self._activate = overwriting_at_inference(activation)

    @staticmethod
    def takes(
        weights: Tensor, geometry: Geometry, activation: Activation, sizes: Sequence[int]
    ) -> bool:
        """Every convolution."""
        return True

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve and activate, [N, C, H, W] to [N, filters, H', W']."""
        return self._activate(convolve(x, self._weights, self._biases, self._geometry))


class _Form(Protocol):
    """A class of callables that convolve and activate, and the convolutions that it takes."""

    def __call__(
        self,
        weights: Tensor,
        biases: Tensor,
        geometry: Geometry,
        activation: Activation,
        sizes: Sequence[int],
    ) -> Callable[[Tensor], Tensor]: ...

    def takes(
        self, weights: Tensor, geometry: Geometry, activation: Activation, sizes: Sequence[int]
    ) -> bool: ...


# The fastest first.
_FORMS: tuple[_Form, ...] = (PixelProduct, PackedConvolution, PlainConvolution)


def inference_convolution(
    weights: Tensor,
    biases: Tensor,
    geometry: Geometry,
    activation: Activation,
    sizes: Sequence[int],
) -> Callable[[Tensor], Tensor]:
    """Prepare a convolution with an activation function for inference.

    Args:
        weights: [filters, C / groups, size, size]; copied.
        biases: [filters]; copied.
        geometry: the window.
        activation: the function.
        sizes: height and width of the maps that are to come.

    Returns:
        A function from [N, C, H, W] of any size to [N, filters, H', W'], whose memory is its own.
        It gives what `convolve` and the activation give, up to the rounding of sums in another
        order.
    """
    for form in _FORMS:
        if form.takes(weights, geometry, activation, sizes):
            return form(weights, biases, geometry, activation, sizes)
    raise AssertionError("the last form takes every convolution")
