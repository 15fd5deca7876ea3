"""[shortcut]: adds other layers to the one before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.darknet_bugs import SHORTCUT_MIXES_PICTURES
from darknet_torch.cfg.options import REQUIRED, activation, integers, number, text
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import warn
from darknet_torch.layers.base import (
    BuildContext,
    Layer,
    LayerOptions,
    Slot,
    empty_parameter,
)

_EPSILON = 1e-4
_LEAST = 1e-3
_WEIGHTS_TYPES = {"none": None, "per_feature": "layer", "per_layer": "layer"} | {
    "per_channel": "channel"
}
_NORMALIZATIONS = {"none": None, "relu": "relu", "avg_relu": "relu", "softmax": "softmax"}


@dataclass(frozen=True)
class ShortcutOptions(LayerOptions):
    """Source: parser.c parse_shortcut (both code bases)."""

    from_: tuple[int, ...] = integers(REQUIRED, key="from", doc="layers, relative if negative")
    activation: str = activation("linear")
    weights_type: str = text(
        "none", only="alexeyab", doc="learned factors: none, per_feature (per_layer), per_channel"
    )
    weights_normalization: str = text(
        "none", only="alexeyab", doc="of the factors: none, relu (avg_relu), softmax"
    )
    alpha: float = number(1.0, only="pjreddie", doc="factor on the layer before")
    beta: float = number(1.0, only="pjreddie", doc="factor on the layer added")


class Shortcut(Layer):
    """[shortcut]. Arrays: `weights` [sources + 1] or [sources + 1, channels] if typed.

    Source: shortcut_layer.c forward_shortcut_layer, blas.c shortcut_multilayer_cpu
    (AlexeyAB), shortcut_cpu (pjreddie).
    Differs: of a layer with more channels than the one before it, AlexeyAB's CPU build adds
    a batch's values shifted where the two inputs' shapes agree; here only in training, with
    `SHORTCUT_MIXES_PICTURES`, and else each picture of a batch is as it is alone.
    """

    section_names = ("shortcut",)
    Options = ShortcutOptions
    own_activations = frozenset({"swish", "mish"})

    def __init__(self, options: ShortcutOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.strides = context.dialect.geometry.shortcut_strides
        chosen = options.from_[:1] if self.strides else options.from_
        if len(chosen) < len(options.from_):
            warn(
                f"[{context.section}] takes the first of its layers alone, as pjreddie/darknet",
                where=options.where,
                got=f"from={', '.join(map(str, options.from_))}",
            )
        layers = [context.layer(index, options.where, "from") for index in chosen]
        self.sources = (context.index - 1, *(layer.index for layer in layers))
        layers[0].on_extra_consumer()
        context.previous_has_extra_consumer()
        self.alpha, self.beta = options.alpha, options.beta
        self.activation = self.find_activation(options.activation, context.dialect)
        for layer in layers:
            self._check(layer, context.input_shape)
        # Source: shortcut_layer.c forward_shortcut_layer: it compares the inputs' shapes.
        self.crosses = (
            context.dialect.reproduces(SHORTCUT_MIXES_PICTURES)
            and len(layers) == 1
            and layers[0].input_shape == context.input_shape
            and layers[0].output_shape.channels > context.input_shape.channels
        )
        self.normalization = self._word(_NORMALIZATIONS, "weights_normalization")
        kind = self._word(_WEIGHTS_TYPES, "weights_type")
        if kind and self.normalization is None:
            warn(
                f"[{context.section}] weights_type= without weights_normalization=: "
                "AlexeyAB/darknet refuses it, here the weights are taken as they are",
                where=options.where,
                fix="set weights_normalization to relu or softmax",
            )
        columns = {None: (), "layer": (1,), "channel": (self.output_shape.channels,)}[kind]
        self.weights = empty_parameter(len(self.sources), *columns) if kind else None

    def _check(self, layer: Layer, mine: Shape) -> None:
        theirs = layer.output_shape
        if self.strides:
            # Source: blas.c shortcut_cpu (pjreddie), its assertions.
            fits = (
                theirs.width // mine.width == theirs.height // mine.height
                and mine.width // theirs.width == mine.height // theirs.height
            )
            expected = f"{mine.height}x{mine.width}, or both about as many times larger or smaller"
        else:
            fits = (mine.height, mine.width) == (theirs.height, theirs.width)
            expected = f"{mine.height}x{mine.width}, as the layer before it"
        if not fits:
            raise self.config_error(
                "adds a layer of another height or width",
                expected=expected,
                got=f"{theirs.height}x{theirs.width} of layer {layer.index} "
                f"([{layer.section}], {layer.options.where})",
                fix=None
                if self.strides
                else "correct from=, or use --dialect pjreddie, whose "
                "shortcuts may add layers that are some times larger or smaller",
            )

    def _word(self, words: dict[str, str | None], key: str) -> str | None:
        word = getattr(self.options, key)
        if word not in words and key != "weights_type" and self.options.weights_type == "none":
            warn(
                f"[{self.section}] {key}= is unknown, and there are no weights",
                where=self.options.where,
                got=repr(word),
            )
            return None
        if word not in words:
            raise self.config_error(
                f"{key}= is unknown", expected=" or ".join(words), got=repr(word)
            )
        return words[word]

    @property
    def bflops(self) -> float:
        """Source: shortcut_layer.c make_shortcut_layer (AlexeyAB)."""
        weighted = 1 if self.weights is None else 2
        return weighted * self.output_shape.count * (len(self.sources) - 1) / 1e9

    def weight_slots(self) -> list[Slot]:
        return [] if self.weights is None else [Slot("weights", self.weights, decays=True)]

    @torch.no_grad()
    def initialize(self) -> None:
        if self.weights is not None:
            self.weights.fill_(1)

    def forward(self, x: Tensor, *added: Tensor) -> Tensor:
        """The layer before and those `added`, [N, C, H, W] each, to the first one's shape."""
        if self.strides:
            out = _add_strided(x, added[0], self.alpha, self.beta)
        elif self.weights is None:
            out = x
            for other in added:
                other = _crossed(other, x.shape[1]) if self.crosses and self.training else other
                out = _add_channels(out, other)
        else:
            factors = self._factors()
            out = x * factors[0]
            for other, factor in zip(added, factors[1:], strict=True):
                channels = min(x.shape[1], other.shape[1])
                part = factor if factor.shape[0] == 1 else factor[:channels]
                out = _add_channels(out, other[:, :channels] * part)
        if self.options.activation == "leaky":
            return self.arithmetic.leaky(out)
        return self.activation(out)

    def _factors(self) -> Tensor:
        """[sources, 1 or C, 1, 1]: the normalised weights."""
        assert self.weights is not None
        weights: Tensor = self.weights
        if self.normalization == "relu":
            # Source: network.c fuse_conv_batchnorm: at inference never less than 0.001.
            weights = functional.relu(weights) if self.training else weights.clamp(min=_LEAST)
            weights = weights / (weights.sum(0) + _EPSILON)
        elif self.normalization == "softmax":
            raised = torch.exp(weights - weights.amax(0))
            weights = raised / (raised.sum(0) + _EPSILON)
        if self.training:
            # Source: blas.c backward_shortcut_multilayer_cpu: as if they were not normalised.
            weights = self.weights + (weights - self.weights).detach()
        return weights[:, :, None, None]


class _Crossed(torch.autograd.Function):
    """The first values of a batch as if each picture had `channels`; its gradient is right.

    Source: shortcut_layer.c forward_shortcut_layer, backward_shortcut_layer (AlexeyAB).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, channels: int) -> Tensor:
        ctx.missing = x.shape[1] - channels
        shape = (x.shape[0], channels, *x.shape[2:])
        return x.flatten()[: math.prod(shape)].view(shape).clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return functional.pad(gradients[0], (0, 0, 0, 0, 0, ctx.missing)), None


def _crossed(x: Tensor, channels: int) -> Tensor:
    out: Tensor = _Crossed.apply(x, channels)  # type: ignore[no-untyped-call]
    return out


def _add_channels(x: Tensor, other: Tensor) -> Tensor:
    """`x` plus as many channels of `other` as both have."""
    missing = x.shape[1] - other.shape[1]
    if missing:
        other = functional.pad(other, (0, 0, 0, 0, 0, missing))
    return x + other


def _add_strided(x: Tensor, other: Tensor, alpha: float, beta: float) -> Tensor:
    """alpha x + beta other where both have values; `x` as it is elsewhere.

    The larger of the two is stepped over. Source: blas.c shortcut_cpu (pjreddie).
    """
    stride = max(1, other.shape[-1] // x.shape[-1])
    sample = max(1, x.shape[-1] // other.shape[-1])
    channels = min(x.shape[1], other.shape[1])
    height, width = min(x.shape[-2], other.shape[-2]), min(x.shape[-1], other.shape[-1])
    out = x.clone()
    part = out[:, :channels, ::sample, ::sample][..., :height, :width]
    part.copy_(alpha * part + beta * other[:, :channels, ::stride, ::stride][..., :height, :width])
    return out
