"""[shortcut]: adds other layers to the previous one."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    InferenceStep,
    Layer,
    LayerOptions,
    Slot,
    empty_parameter,
)
from darknet_torch.ops.activations import overwriting_at_inference

_EPSILON = 1e-4
_SMALLEST_WEIGHT = 1e-3
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
    alpha: float = number(1.0, only="pjreddie", doc="factor on the previous layer")
    beta: float = number(1.0, only="pjreddie", doc="factor on the layer added")


class Shortcut(Layer):
    """[shortcut]. Arrays: `weights` [sources + 1] or [sources + 1, channels] if typed.

    Source: shortcut_layer.c forward_shortcut_layer, blas.c shortcut_multilayer_cpu
    (AlexeyAB), shortcut_cpu (pjreddie).
    Differs: where the added layer has more channels than the previous one and the two layers'
    inputs have the same shape, AlexeyAB's CPU build adds the values of a batch shifted. This
    does so only in training, with `SHORTCUT_MIXES_PICTURES`; otherwise each picture of a batch
    gives what it gives alone.
    """

    section_names = ("shortcut",)
    example_cfg = (
        "[empty]\n"
        "[empty]\n"
        "[shortcut]\nfrom=-2\nweights_type=per_feature\nweights_normalization=softmax\n"
    )
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
        self._added_shapes = [layer.output_shape for layer in layers]
        # Source: shortcut_layer.c forward_shortcut_layer: it compares the inputs' shapes.
        self.crosses = (
            context.dialect.reproduces(SHORTCUT_MIXES_PICTURES)
            and len(layers) == 1
            and layers[0].input_shape == context.input_shape
            and layers[0].output_shape.channels > context.input_shape.channels
        )
        self.normalization = self._parse_word(_NORMALIZATIONS, "weights_normalization")
        kind = self._parse_word(_WEIGHTS_TYPES, "weights_type")
        if kind and self.normalization is None:
            warn(
                f"[{context.section}] weights_type= without weights_normalization=: "
                "AlexeyAB/darknet refuses it, here the weights are taken as they are",
                where=options.where,
                fix="set weights_normalization to relu or softmax",
            )
        columns = {None: (), "layer": (1,), "channel": (self.output_shape.channels,)}[kind]
        self.weights = empty_parameter(len(self.sources), *columns) if kind else None

    def _check(self, layer: Layer, previous: Shape) -> None:
        """Check that the size of an added layer fits that of the previous one."""
        added = layer.output_shape
        if self.strides:
            # Source: blas.c shortcut_cpu (pjreddie), its assertions.
            fits = (
                added.width // previous.width == added.height // previous.height
                and previous.width // added.width == previous.height // added.height
            )
            expected = (
                f"{previous.height}x{previous.width}, "
                "or both about as many times larger or smaller"
            )
        else:
            fits = (previous.height, previous.width) == (added.height, added.width)
            expected = f"{previous.height}x{previous.width}, as the layer before it"
        if not fits:
            raise self.config_error(
                "adds a layer of another height or width",
                expected=expected,
                got=f"{added.height}x{added.width} of layer {layer.index} "
                f"([{layer.section}], {layer.options.where})",
                fix=None
                if self.strides
                else "correct from=, or use --dialect pjreddie, whose "
                "shortcuts may add layers that are some times larger or smaller",
            )

    def _parse_word(self, words: dict[str, str | None], key: str) -> str | None:
        """Look up the word in option `key` in the table `words`."""
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
        """Add the layers.

        Args:
            x: the previous layer, [N, C, H, W].
            added: the other layers, [N, C', H', W'] each.

        Returns:
            The sum, of the shape of `x`.
        """
        if self.strides:
            out = _add_strided(x, added[0], self.alpha, self.beta)
        elif self.weights is None:
            out = x
            for other in added:
                if self.crosses and self.training:
                    other = _read_as_fewer_channels(other, x.shape[1])
                out = _add_channels(out, other)
        else:
            factors = self._factors()
            out = x * factors[0]
            for other, factor in zip(added, factors[1:], strict=True):
                channels = min(x.shape[1], other.shape[1])
                factor = factor if factor.shape[0] == 1 else factor[:channels]
                out = _add_channels(out, other[:, :channels] * factor)
        if self.options.activation == "leaky":
            return self.arithmetic.leaky(out)
        return self.activation(out)

    def inference_step(self, overwritable: Sequence[bool]) -> InferenceStep:
        """Add to one of the layers, in its memory, where nothing else reads it."""
        plain = not self.strides and self.weights is None
        same = all(shape == self.output_shape for shape in self._added_shapes)
        if not (plain and same and any(overwritable)):
            return super().inference_step(overwritable)
        onto = list(overwritable).index(True)
        activate = overwriting_at_inference(self.activation)

        def compute(*inputs: Tensor) -> Tensor:
            out = inputs[onto]
            for index, other in enumerate(inputs):
                if index != onto:
                    out = out.add_(other)
            return activate(out)

        return InferenceStep(compute, owns_output=True)

    def _factors(self) -> Tensor:
        """[sources, 1 or C, 1, 1]: the normalised weights."""
        assert self.weights is not None
        weights: Tensor = self.weights
        if self.normalization == "relu":
            # Source: network.c fuse_conv_batchnorm: at inference at least 0.001.
            weights = (
                functional.relu(weights) if self.training else weights.clamp(min=_SMALLEST_WEIGHT)
            )
            weights = weights / (weights.sum(0) + _EPSILON)
        elif self.normalization == "softmax":
            exponentials = torch.exp(weights - weights.amax(0))
            weights = exponentials / (exponentials.sum(0) + _EPSILON)
        if self.training:
            # Source: blas.c backward_shortcut_multilayer_cpu ignores the normalisation.
            weights = self.weights + (weights - self.weights).detach()
        return weights[:, :, None, None]


class _ReadAsFewerChannels(torch.autograd.Function):
    """Reads a batch's memory as if each picture had fewer channels.

    The backward, as Darknet's, returns the gradients to the right pictures and channels.

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


def _read_as_fewer_channels(x: Tensor, channels: int) -> Tensor:
    out: Tensor = _ReadAsFewerChannels.apply(x, channels)  # type: ignore[no-untyped-call]
    return out


def _add_channels(x: Tensor, other: Tensor) -> Tensor:
    """Add to `x` as many channels of `other` as both have; `other` must not have more."""
    missing = x.shape[1] - other.shape[1]
    if missing:
        other = functional.pad(other, (0, 0, 0, 0, 0, missing))
    return x + other


def _add_strided(x: Tensor, other: Tensor, alpha: float, beta: float) -> Tensor:
    """Compute alpha x + beta other where both have values, and keep `x` elsewhere.

    The larger of the two is read with a stride. Source: blas.c shortcut_cpu (pjreddie).
    """
    stride = max(1, other.shape[-1] // x.shape[-1])
    sample = max(1, x.shape[-1] // other.shape[-1])
    channels = min(x.shape[1], other.shape[1])
    height, width = min(x.shape[-2], other.shape[-2]), min(x.shape[-1], other.shape[-1])
    out = x.clone()
    part = out[:, :channels, ::sample, ::sample][..., :height, :width]
    part.copy_(alpha * part + beta * other[:, :channels, ::stride, ::stride][..., :height, :width])
    return out
