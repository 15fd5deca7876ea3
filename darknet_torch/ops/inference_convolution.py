"""A convolution with an activation function in the form that is fastest at inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from darknet_torch.ops.activations import overwriting_at_inference
from darknet_torch.ops.convolution import convolve
from darknet_torch.ops.folded_convolution import FoldedConvolution
from darknet_torch.ops.packed_convolution import PackedConvolution
from darknet_torch.ops.pixel_product import PixelProduct


class PlainConvolution:
    """PyTorch's convolution, and the activation function over its output.

    Args:
        folded: any convolution.
    """

    def __init__(self, folded: FoldedConvolution) -> None:
        # Copies: what is computed must not change with the layer's own arrays.
        self._weights = folded.weights.detach().clone(memory_format=torch.channels_last)
        self._biases, self._geometry = folded.biases.detach().clone(), folded.geometry
        self._activate = overwriting_at_inference(folded.activation)

    @staticmethod
    def takes(folded: FoldedConvolution) -> bool:
        """Every convolution."""
        return True

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve and activate, [N, C, H, W] to [N, filters, H', W']."""
        return self._activate(convolve(x, self._weights, self._biases, self._geometry))


class _Form(Protocol):
    """A class of functions that convolve and activate, and the convolutions that it takes."""

    def __call__(self, folded: FoldedConvolution) -> Callable[[Tensor], Tensor]: ...

    def takes(self, folded: FoldedConvolution) -> bool: ...


# The fastest first.
_FORMS: tuple[_Form, ...] = (PixelProduct, PackedConvolution, PlainConvolution)


def inference_convolution(folded: FoldedConvolution) -> Callable[[Tensor], Tensor]:
    """Prepare a convolution with an activation function for inference.

    Args:
        folded: the convolution; its arrays are copied.

    Returns:
        A function from [N, C, H, W] of any size to [N, filters, H', W'], whose memory is its own.
        It gives what `convolve` and the activation give, up to the rounding of sums in another
        order.
    """
    form = next(form for form in _FORMS if form.takes(folded))
    return form(folded)
