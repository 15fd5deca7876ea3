"""[convolutional]: convolution, batch normalisation or bias, activation function."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from darknet_torch.cfg.darknet_bugs import POINTWISE_OVERWRITES_DELTA
from darknet_torch.cfg.options import activation, flag, inert, integer, number
from darknet_torch.errors import warn
from darknet_torch.layers.base import (
    BuildContext,
    InferenceStep,
    Layer,
    LayerOptions,
    ReceptiveWindow,
    Slot,
)
from darknet_torch.layers.blur import Blur, blurred_buffer
from darknet_torch.layers.convolution import (
    CONVOLUTION_ACTIVATIONS,
    Convolution,
    check_groups,
    output_shape,
)
from darknet_torch.layers.window import check_output
from darknet_torch.ops.activations import overwriting
from darknet_torch.ops.convolution import Geometry
from darknet_torch.ops.folded_convolution import FoldedConvolution
from darknet_torch.ops.inference_convolution import inference_convolution

_NOT_SHARED = -1000000000


@dataclass(frozen=True)
class ConvolutionalOptions(LayerOptions):
    """Source: parser.c parse_convolutional (both code bases)."""

    filters: int = integer(1, minimum=1, doc="output channels")
    size: int = integer(1, minimum=1, doc="height and width of the window")
    stride: int = integer(1, minimum=1, doc="step of the window")
    stride_x: int = integer(-1, only="alexeyab", doc="step along x, stride if below 1")
    stride_y: int = integer(-1, only="alexeyab", doc="step along y, stride if below 1")
    pad: bool = flag(doc="padding is size / 2")
    padding: int = integer(0, minimum=0, doc="zeros on each side, unless pad is set")
    dilation: int = integer(1, minimum=1, only="alexeyab", doc="distance of the window's taps")
    groups: int = integer(1, doc="independent groups of channels, 1 if below 1")
    activation: str = activation("logistic")
    batch_normalize: int = integer(0, doc="normalise over the batch")
    cbn: bool = flag(only="alexeyab", doc="batch normalisation across mini-batches")
    share_index: int = integer(
        _NOT_SHARED, only="alexeyab", doc="layer whose arrays to use, relative if negative"
    )
    flipped: bool = flag(doc="the weight file holds the weights transposed")
    binary: bool = flag(doc="binary weights on GPUs; nothing on CPUs")
    xnor: bool = flag(doc="binary weights and inputs")
    bin_output: bool = flag(only="alexeyab", doc="binary output of an xnor layer")
    antialiasing: int = integer(0, only="alexeyab", doc="blur instead of stepping: 1 3x3, 2 2x2")
    sway: bool = flag(only="alexeyab", doc="deform the window by a shift")
    rotate: bool = flag(only="alexeyab", doc="deform the window by a rotation")
    stretch: bool = flag(only="alexeyab", doc="deform the window by a stretch")
    stretch_sway: bool = flag(only="alexeyab", doc="deform the window by both")
    angle: float = number(15.0, only="alexeyab", doc="degrees of rotate")
    assisted_excitation: float = number(0.0, only="alexeyab", doc="raise truths while training")
    grad_centr: bool = flag(only="alexeyab", doc="centre the gradients")
    reverse: float = number(0.0, only="alexeyab", doc="strength of gradient reversal")
    coordconv: bool = flag(only="alexeyab", doc="coordinates as channels while training")
    dot: str = inert("Darknet reads it and does nothing with it")
    stream: str = inert("a CUDA stream", only="alexeyab")
    wait_stream: str = inert("a CUDA stream", only="alexeyab")

    def geometry(self, *, grouped: bool = True) -> Geometry:
        """The window that the options describe; with one group only if not `grouped`."""
        return Geometry(
            size=self.size,
            stride_y=self.stride_y if self.stride_y >= 1 else self.stride,
            stride_x=self.stride_x if self.stride_x >= 1 else self.stride,
            padding=self.size // 2 if self.pad else self.padding,
            dilation=self.dilation if self.size > 1 else 1,
            groups=max(1, self.groups) if grouped else 1,
        )


class Convolutional(Layer):
    """[convolutional]. Source: convolutional_layer.c forward_convolutional_layer."""

    section_names = ("convolutional", "conv")
    example_cfg = (
        "[convolutional]\nfilters=2\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    )
    needs_picture = True
    averages_weights = True
    Options = ConvolutionalOptions
    own_activations = CONVOLUTION_ACTIVATIONS
    options: ConvolutionalOptions

    def __init__(self, options: ConvolutionalOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.in_bits = options.xnor and context.dialect.numerics.xnor_in_bits
        self.bin_output = options.bin_output and self.in_bits
        if options.size == 1 and context.dialect.reproduces(POINTWISE_OVERWRITES_DELTA):
            self.overwrites = True
        self.activation = self.find_activation(options.activation, context.dialect)
        geometry = options.geometry(grouped=not self.in_bits)
        self._check(geometry)
        self.blur: Blur | None = None
        self.output_shape = output_shape(context.input_shape, options.filters, geometry)
        if options.antialiasing:
            geometry = self._move_stride_to_blur(geometry)
        self._warn_of_dilation(geometry)
        check_output(self, geometry)
        self.geometry = geometry
        self.convolution: Convolution | None = None
        self.is_shared = False  # another layer uses these arrays, too
        # In a tuple, so that PyTorch does not register the other layer here again.
        self._shared: tuple[Convolution, ...] = ()
        if options.share_index == _NOT_SHARED:
            self.convolution = Convolution(
                context.input_shape.channels,
                options.filters,
                geometry,
                context,
                normalize=self.normalizes,
                flipped=options.flipped,
            )
        else:
            self._shared = (self._find_shared(context),)

    def _warn_of_dilation(self, geometry: Geometry) -> None:
        shape = self.input_shape
        sides = shape.height, shape.width
        if geometry.dilation > 1 and geometry.dilated_output(*sides) != geometry.output(*sides):
            warn(
                f"[{self.section}] Darknet mixes up its rows with this dilation and padding",
                where=self.options.where,
                expected=f"pad=1, or padding={geometry.size // 2}, and an odd size",
                got=f"size={geometry.size}, padding={geometry.padding}, "
                f"dilation={geometry.dilation}",
            )

    def _move_stride_to_blur(self, geometry: Geometry) -> Geometry:
        """Create the blur of antialiasing, which steps instead of the convolution.

        Returns:
            `geometry` with stride 1.
        """
        strided, geometry = geometry, replace(geometry, stride_y=1, stride_x=1)
        self.buffer_shape = output_shape(self.input_shape, self.options.filters, geometry)
        self.blur = Blur(
            self.options.antialiasing, self.buffer_shape, strided.stride_y, strided.stride_x
        )
        self.output_shape = self.blur.output_shape
        return geometry

    @property
    def normalizes(self) -> bool:
        """Whether the layer has batch normalisation."""
        return bool(self.options.batch_normalize or self.options.cbn)

    @property
    def arrays(self) -> Convolution:
        """The layer's own arrays, or those of the layer that share_index names."""
        return self.convolution if self.convolution is not None else self._shared[0]

    def _check(self, geometry: Geometry) -> None:
        channels, filters = self.input_shape.channels, self.options.filters
        check_groups(self, channels, filters, geometry.groups)
        deformations = ("sway", "rotate", "stretch", "stretch_sway")
        chosen = [name for name in deformations if getattr(self.options, name)]
        if len(chosen) > 1 or (chosen and geometry.size == 1):
            raise self.config_error(
                "takes one of sway, rotate, stretch, stretch_sway, and size >= 3",
                got=f"{', '.join(chosen)} with size={geometry.size}",
            )

    def _find_shared(self, context: BuildContext) -> Convolution:
        options = self.options
        owner = context.layer(options.share_index, options.where, "share_index")
        if not isinstance(owner, Convolutional):
            raise self.config_error(
                f"share_index={options.share_index} does not mean a [convolutional]",
                expected="a [convolutional] before it",
                got=f"[{owner.section}], layer {owner.index}",
            )
        owner.is_shared = True
        shared = owner.arrays
        needed = (
            options.filters,
            context.input_shape.channels // self.geometry.groups,
            options.size,
        )
        if needed != tuple(shared.weights.shape[:3]) or self.normalizes != owner.normalizes:
            raise self.config_error(
                f"does not fit layer {owner.index}, whose arrays share_index gives it",
                expected=_describe(tuple(shared.weights.shape[:3]), owner.normalizes),
                got=_describe(needed, self.normalizes),
            )
        return shared

    def weight_slots(self) -> list[Slot]:
        """The arrays in file order; none for a layer that shares another's arrays.

        Source: parser.c save_weights_upto.
        """
        return self.convolution.weight_slots() if self.convolution is not None else []

    def initialize(self) -> None:
        if self.convolution is not None:
            self.convolution.initialize()

    def fold_normalization(self) -> None:
        if self.convolution is not None:
            self.convolution.fold()

    def round_products(self, dtype: torch.dtype) -> list[Tensor]:
        """`Layer.round_products`; the means of binary weights are computed from them unrounded."""
        if self.convolution is None or self.options.xnor:
            return []
        return list(self.convolution.to(dtype).parameters())

    def inference_step(self, overwritable: Sequence[bool]) -> InferenceStep:
        """Fold the normalisation, pack the weights and fuse the activation function.

        Bits, strides that Darknet does not apply to 1x1 windows and the blur of antialiasing are
        computed as in `forward`.
        """
        if self.options.xnor or self.arrays.misreads_stride(self.geometry):
            return super().inference_step(overwritable)
        weights, biases = self.arrays.folded()
        sizes = self.input_shape.height, self.input_shape.width
        compute = inference_convolution(
            FoldedConvolution(weights, biases, self.geometry, self.activation, sizes)
        )
        has_copies = not self.is_shared
        if self.blur is None:
            return InferenceStep(compute, owns_output=True, has_copies=has_copies)
        blur = copy.deepcopy(self.blur)  # the layer's own is freed with its arrays
        return InferenceStep(lambda x: blur(compute(x)), has_copies=has_copies)

    @property
    def detail(self) -> str:
        groups = f"/{self.geometry.groups}" if self.geometry.groups > 1 else ""
        return f"{self.options.filters}{groups} {self.geometry.text}"

    @property
    def bflops(self) -> float:
        shape = self.buffer_shape
        total = self.arrays.bflops(shape.height, shape.width)
        return total / 32 if self.options.xnor else total

    @property
    def operations(self) -> float:
        """`Layer.operations`; those on bits, too, are computed as float32 here."""
        shape = self.buffer_shape
        return 1e9 * self.arrays.bflops(shape.height, shape.width)

    @property
    def working_values(self) -> int:
        blurred = self.buffer_shape.count if self.blur is not None else 0
        return self.geometry.working_values(self.input_shape) + blurred

    @property
    def receptive_window(self) -> ReceptiveWindow:
        return ReceptiveWindow(self.geometry.size, self.geometry.stride_x, self.geometry.dilation)

    @property
    def keeps_intermediates(self) -> bool:
        """Between convolution, normalisation, activation and blur lies a map each."""
        return self.normalizes or self.options.activation != "linear"

    def on_extra_consumer(self) -> None:
        """Source: parser.c parse_network_cfg_custom (AlexeyAB), its use_bin_output = 0."""
        self.bin_output = False

    def forward(self, x: Tensor) -> Tensor:
        out = self._before_blur(x)
        return out if self.blur is None else self.blur(out)

    def buffer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        out = self._before_blur(x)
        return out if self.blur is None else blurred_buffer(out, self.blur(out))

    def _before_blur(self, x: Tensor) -> Tensor:
        """The layer's output before the blur of antialiasing."""
        geometry = self.geometry
        if not self.options.xnor:
            return self._activated(self.arrays(x, geometry))
        if self.training or not self.in_bits:
            return self.activation(self.arrays.forward_binary(x, geometry))
        if geometry.stride_y != geometry.stride_x:
            out = self.arrays(x, geometry)  # AlexeyAB's code then computes without bits
        else:
            out = self.arrays.forward_bits(x, geometry)
        # Source: network.c calculate_binary_weights: bin_output makes it linear.
        return out if self.bin_output else self.activation(out)

    def _activated(self, x: Tensor) -> Tensor:
        """The activation function of a product, which it may overwrite.

        The arithmetic's own routine is taken where it has one.
        """
        if self.options.activation == "leaky":
            return self.arithmetic.leaky(x)
        if self.options.activation == "logistic":
            return self.arithmetic.logistic(x)
        return overwriting(self.activation)(x)


def _describe(shape: tuple[int, ...], normalizes: bool) -> str:
    filters, channels, size = shape
    return (
        f"filters={filters}, channels per group={channels}, size={size}, "
        f"batch_normalize={int(normalizes)}"
    )
