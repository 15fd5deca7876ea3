"""Convolutions whose weights are packed once and whose activation is fused, by oneDNN on a CPU.

`torch.conv2d` reorders the weights at every call, and the activation function then reads and
writes the whole output again. PyTorch has operators that do neither, for the use of its compiler;
they are private. So this file, the only one that calls them, first checks that the installed
release has them and that they give what the plain convolution gives. Where they do not, there is
no packed convolution, and the caller computes the plain one.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

from darknet_torch.ops.activations import ACTIVATIONS, Activation, overwriting_at_inference
from darknet_torch.ops.convolution import Geometry, convolve
from darknet_torch.ops.folded_convolution import FoldedConvolution

# Activation function -> oneDNN's name of it, its parameters and its algorithm.
_Fused = tuple[str, tuple[float, ...], str]
_LINEAR = ACTIVATIONS["linear"]
_FUSED: dict[Activation, _Fused] = {
    _LINEAR: ("none", (), ""),
    ACTIVATIONS["leaky"]: ("leaky_relu", (0.1,), ""),
    ACTIVATIONS["relu"]: ("relu", (), ""),
    ACTIVATIONS["relu6"]: ("hardtanh", (0.0, 6.0), ""),
    ACTIVATIONS["relie"]: ("leaky_relu", (0.01,), ""),
    ACTIVATIONS["swish"]: ("swish", (), ""),
    ACTIVATIONS["logistic"]: ("sigmoid", (), ""),
}
# Of the largest value: the sums of a convolution in another order, and oneDNN's exponential.
_TOLERANCE = 1e-5
_SIZES = (8, 8)  # of the probe


class PackedConvolution:
    """A convolution with an activation function, for a float32 map on a CPU.

    Args:
        folded: one that `takes` accepts. An activation function that oneDNN does not know follows
            the convolution.
    """

    def __init__(self, folded: FoldedConvolution) -> None:
        weights, geometry, activation = folded.weights, folded.geometry, folded.activation
        strides = (geometry.stride_y, geometry.stride_x)
        padding, dilation = (geometry.padding,) * 2, (1, 1)
        channels = weights.shape[1] * geometry.groups
        fused = activation if activation in _FUSED else _LINEAR
        name, parameters, algorithm = _FUSED[fused]
        reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
        packed = reorder(
            weights.detach().contiguous().to_mkldnn(),
            *(padding, strides, dilation, geometry.groups, [1, channels, *folded.sizes]),
        )
        # A copy: what is computed must not change with the layer's own array.
        self._weights = (packed, folded.biases.detach().clone())
        window = (padding, strides, dilation, geometry.groups)
        self._rest = (*window, name, list(parameters), algorithm)
        self._convolve = torch.ops.mkldnn._convolution_pointwise.default
        self._activate = None if fused is activation else overwriting_at_inference(activation)

    @staticmethod
    def takes(folded: FoldedConvolution) -> bool:
        """Whether the installed PyTorch can pack this convolution."""
        weights, geometry = folded.weights, folded.geometry
        fits_any_map = geometry.dilation == 1 and geometry.size <= 1 + 2 * geometry.padding
        if weights.device.type != "cpu" or weights.dtype != torch.float32 or not fits_any_map:
            return False
        return agrees(folded.activation if folded.activation in _FUSED else _LINEAR)

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve and activate.

        Args:
            x: [N, C, H, W] float32 on the CPU, in any order of memory.

        Returns:
            [N, filters, H', W'], channels-last if `x` is.
        """
        out: Tensor = self._convolve(x, *self._weights, *self._rest)
        return out if self._activate is None else self._activate(out)


@functools.cache
def agrees(activation: Activation) -> bool:
    """Whether this PyTorch's operator computes what the plain convolution and activation do.

    Args:
        activation: one of those that oneDNN can fuse.
    """
    cases = (
        (Geometry(3, stride_y=2, stride_x=2, padding=1), 3),
        (Geometry(1), 4),
        (Geometry(3, padding=1, groups=4), 4),
    )
    try:
        return all(_agrees(activation, geometry, channels) for geometry, channels in cases)
    except (AttributeError, RuntimeError, TypeError):  # it is not there, or takes other arguments
        return False


@torch.no_grad()
def _agrees(activation: Activation, geometry: Geometry, channels: int) -> bool:
    numbers = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=numbers)

    x, biases = draw(2, channels, *_SIZES).contiguous(memory_format=torch.channels_last), draw(8)
    weights = draw(8, channels // geometry.groups, geometry.size, geometry.size)
    plain = activation(convolve(x, weights, biases, geometry))
    packed = PackedConvolution(FoldedConvolution(weights, biases, geometry, activation, _SIZES))(x)
    return torch.allclose(packed, plain, rtol=0, atol=_TOLERANCE * float(plain.abs().max()))
