"""The arithmetic of a convolution with Darknet's arrays, shared by the layers that convolve."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, Slot, empty_parameter
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.ops.arithmetic import ArithmeticModule
from darknet_torch.ops.convolution import Geometry

# Activation functions for which Darknet's convolution has its own routines; see
# Layer.own_activations.
CONVOLUTION_ACTIVATIONS = frozenset(
    "swish mish hard_mish normalize_channels normalize_channels_softmax "
    "normalize_channels_softmax_maxval".split()
)


class Convolution(ArithmeticModule):
    """A convolution with biases or batch normalisation, without activation function.

    Arrays: `weights` [filters, channels / groups, size, size], `biases` [filters], and
    with `normalize` the arrays of `Normalization`.
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        geometry: Geometry,
        context: BuildContext,
        *,
        normalize: bool,
        flipped: bool = False,
    ) -> None:
        super().__init__(context.arithmetic)
        dialect = context.dialect
        self.geometry, self.flipped = geometry, flipped
        self.pointwise_strides = dialect.geometry.pointwise_strides
        self.starts_normal = dialect.training.convolutions_start_normal
        self.biases = empty_parameter(filters)
        self.normalization = (
            Normalization(filters, context, dialect.numerics.rolling_step) if normalize else None
        )
        size = geometry.size
        self.weights = empty_parameter(filters, channels // geometry.groups, size, size)

    def bflops(self, height: int, width: int) -> float:
        """Billions of operations for an output of that size.

        Source: convolutional_layer.c make_convolutional_layer (AlexeyAB).
        """
        return 2.0 * self.weights.numel() * height * width / 1e9

    def weight_slots(self) -> list[Slot]:
        """biases, [scales, rolling mean, rolling variance,] weights.

        Source: parser.c load_convolutional_weights, save_convolutional_weights.
        """
        normalization = self.normalization.weight_slots() if self.normalization else []
        return [
            Slot("biases", self.biases, per_filter=True),
            *(replace(slot, per_filter=True) for slot in normalization),
            Slot("weights", self.weights, flipped=self.flipped, per_filter=True, decays=True),
        ]

    @torch.no_grad()
    def initialize(self) -> None:
        """Source: convolutional_layer.c make_convolutional_layer."""
        bound = math.sqrt(2.0 / self.weights[0].numel())
        if self.starts_normal:
            self.weights.normal_(0, bound)
        else:
            self.weights.uniform_(-bound, bound)
        self.biases.zero_()
        if self.normalization is not None:
            self.normalization.initialize()

    def forward(self, x: Tensor, geometry: Geometry | None = None) -> Tensor:
        """Convolve, then add the biases or normalise.

        Args:
            x: [N, C, H, W].
            geometry: a window to use instead of the convolution's own.

        Returns:
            [N, filters, H', W'].

        Source: convolutional_layer.c forward_convolutional_layer.
        """
        return self._add_bias_or_normalize(
            self._product(x, self.weights, geometry or self.geometry)
        )

    def misreads_stride(self, geometry: Geometry) -> bool:
        """Whether Darknet reads the input of a 1x1 window without its stride, for some maps.

        See `_without_stride`.
        """
        if geometry.size > 1 or self.pointwise_strides == "all":
            return False
        if geometry.stride_y == geometry.stride_x == 1 and not geometry.padding:
            return False
        return not (self.pointwise_strides == "x" and geometry.stride_x > 1)

    def _ignores_stride(self, x: Tensor, geometry: Geometry) -> bool:
        """Whether Darknet reads this input without the stride.

        Where padding makes the output larger than the input, Darknet then reads beyond its
        input; here that case is computed as a proper convolution.
        """
        if not self.misreads_stride(geometry):
            return False
        height, width = geometry.output(*x.shape[-2:])
        return (height, width) != tuple(x.shape[-2:]) and height * width <= x[0, 0].numel()

    def forward_binary(self, x: Tensor, geometry: Geometry) -> Tensor:
        """`forward` with inputs of 1 and -1 and weights of plus or minus their filter's mean.

        The padding is 0. In training the gradient is the real-valued convolution's.

        Source: convolutional_layer.c forward_convolutional_layer (pjreddie),
        backward_convolutional_layer.
        """
        weights = _signs(self.weights) * _mean_magnitude(self.weights)
        binary = self._product(_signs(x), weights, geometry)
        if self.training:
            real = self._product(x, self.weights, geometry)
            binary = real + (binary - real).detach()
        return self._add_bias_or_normalize(binary)

    def _product(self, x: Tensor, weights: Tensor, geometry: Geometry) -> Tensor:
        """The convolution with its biases, or without if normalisation adds them later."""
        if self._ignores_stride(x, geometry):
            x = _without_stride(x, geometry)
            geometry = Geometry(1, groups=geometry.groups)
        biases = self.biases if self.normalization is None else None
        return self.arithmetic.convolution(x, weights, biases, geometry)

    def _add_bias_or_normalize(self, product: Tensor) -> Tensor:
        if self.normalization is None:
            return product
        return self.normalization(product, self.biases)

    def forward_bits(self, x: Tensor, geometry: Geometry) -> Tensor:
        """`forward_binary` as AlexeyAB's inference computes it, on bits.

        Normalisation is folded into weights and biases first, and the padding is -1.

        Source: network.c fuse_conv_batchnorm, gemm.c gemm_nn_custom_bin_mean_transposed.
        """
        weights, biases = self.folded()
        sides = [geometry.padding] * 4
        signs = functional.pad(_signs(x), sides, value=-1.0)
        if not _has_bit_columns(x.shape[1], geometry):
            signs = torch.full_like(signs, -1.0)
        strides = (geometry.stride_y, geometry.stride_x)
        sums = functional.conv2d(signs, _signs(weights), None, strides)
        return sums * _mean_magnitude(weights)[:, 0, 0, 0, None, None] + biases[:, None, None]

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weights and biases of the plain convolution that is equivalent at inference.

        Source: network.c fuse_conv_batchnorm (AlexeyAB), in float64 as there.
        """
        if self.normalization is None:
            return self.weights, self.biases
        return self.normalization.folded(self.weights, self.biases)

    @torch.no_grad()
    def fold(self) -> None:
        """Replace the arrays by the result of `folded` and drop the normalisation."""
        weights, biases = self.folded()
        self.weights, self.biases = nn.Parameter(weights), nn.Parameter(biases)
        self.normalization = None


def _has_bit_columns(channels: int, geometry: Geometry) -> bool:
    """Whether AlexeyAB's code can build bits for this window; else it takes all inputs as -1.

    Source: gemm.c im2col_cpu_custom_bin (AlexeyAB).
    """
    plain = (geometry.size, geometry.stride_x, geometry.padding) == (3, 1, 1)
    return channels % 32 == 0 or plain


def _signs(values: Tensor) -> Tensor:
    """1 where `values` are above 0, else -1. Source: convolutional_layer.c binarize_cpu."""
    return (values > 0).to(values.dtype) * 2 - 1


def _mean_magnitude(weights: Tensor) -> Tensor:
    """[filters, 1, 1, 1]: the mean magnitude of each filter's weights."""
    return weights.abs().mean((1, 2, 3), keepdim=True)


def _without_stride(x: Tensor, geometry: Geometry) -> Tensor:
    """The input of a strided 1x1 convolution as Darknet's code reads it.

    Darknet uses the input itself as the matrix that im2col would have made. With a stride,
    the matrix's rows therefore start at the wrong places, and the input's end is never read.
    """
    count, channels, height, width = x.shape
    out_height, out_width = geometry.output(height, width)
    groups = x.reshape(count, geometry.groups, -1)
    rows = groups[:, :, : channels // geometry.groups * out_height * out_width]
    return rows.reshape(count, channels, out_height, out_width)


def check_groups(layer: Layer, channels: int, filters: int, groups: int) -> None:
    """Check that groups= divides the channels in and out.

    Raises:
        CfgError: it does not.
    """
    if channels % groups or filters % groups:
        raise layer.config_error(
            f"groups={groups} does not divide its channels",
            expected="a divisor of the channels in and out",
            got=f"{channels} channels in, filters={filters}",
        )


def output_shape(input_shape: Shape, filters: int, geometry: Geometry) -> Shape:
    """The output shape of a convolution of `filters` filters on `input_shape`."""
    return Shape(filters, *geometry.output(input_shape.height, input_shape.width))
