"""What every layer is: typed options in, a shape out, a forward, arrays in file order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from darknet_torch.cfg.dialect import ALEXEYAB_CUDA, Dialect
from darknet_torch.cfg.grammar import Where
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.options import Options, flag, integer, number
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import CfgError, warn
from darknet_torch.ops.activations import ACTIVATIONS, Activation
from darknet_torch.ops.arithmetic import FAST, Arithmetic, ArithmeticModule


@dataclass(frozen=True)
class LayerOptions(Options):
    """The options that every section knows. Source: parser.c parse_network_cfg_custom."""

    onlyforward: bool = flag(doc="no gradient passes")
    stopbackward: int = integer(0, doc="freeze what is before: 1 for good, N for N batches")
    dontload: bool = flag(doc="the weight file has nothing for this layer")
    dontloadscales: bool = flag(doc="the weight file has no batch normalisation here")
    learning_rate: float = number(1.0, doc="factor on the learning rate")
    dontsave: bool = flag(only="pjreddie", doc="leave the layer out of weight files")
    numload: int = integer(0, only="pjreddie", doc="read this many filters only")
    truth: bool = flag(only="pjreddie", doc="the layer's output is a truth")
    smooth: float = number(0.0, only="pjreddie", doc="smoothing of labels")
    clip: float = number(0.0, only="alexeyab", doc="bound on the weights")
    dont_update: int = integer(0, only="alexeyab", doc="leave the weights for N batches")
    burnin_update: int = integer(0, only="alexeyab", doc="update after this many burn_in")
    train_only_bn: bool = flag(
        only="alexeyab", doc="learn nothing but rolling statistics, from here back"
    )


@dataclass(frozen=True)
class Slot:
    """One array of a layer in the weight file.

    Attributes:
        name: what messages call it.
        tensor: where it is kept; its memory order is the file's.
        normalization: absent from the file under dontloadscales.
        transposed_if_marked: transposed in files whose header has the transpose mark.
        flipped: always transposed in the file, as [values per filter, filters].
        per_filter: its first dimension are the filters that numload counts.
        decays: it is drawn towards zero in training; biases and scales are not.
    """

    name: str
    tensor: Tensor
    normalization: bool = False
    transposed_if_marked: bool = False
    flipped: bool = False
    per_filter: bool = False
    decays: bool = False


@dataclass(frozen=True)
class BuildContext:
    """What a layer may know of the network it is built into.

    Attributes:
        index: the layer's own index.
        section: the name of its section, as written.
        input_shape: the shape of the layer before it, or of the network's input.
        built: the layers before it.
        net: the options of [net].
        dialect: which of the two code bases to follow.
        arithmetic: how layers add up and round in training.
    """

    index: int
    section: str
    input_shape: Shape
    built: Sequence[Layer]
    net: NetOptions
    dialect: Dialect
    arithmetic: Arithmetic = FAST

    def layer(self, reference: int, where: Where, key: str) -> Layer:
        """The layer that `reference` means: absolute, or relative to this one if negative.

        Raises:
            CfgError: there is no such layer before this one.
        """
        index = reference if reference >= 0 else self.index + reference
        if self.index == 0:
            raise CfgError(
                f"[{self.section}] {key}={reference} means another layer, but this is the first",
                where=where,
                expected="a layer before it",
            )
        if not 0 <= index < self.index:
            raise CfgError(
                f"[{self.section}] {key}={reference} means layer {index}, which is not before it",
                where=where,
                expected=f"{-self.index}..-1 or 0..{self.index - 1}; this is layer {self.index}",
                got=reference,
            )
        return self.built[index]

    def last_with_filters(self) -> Layer | None:
        """The nearest layer before this one whose options say how many channels it makes."""
        for layer in reversed(self.built):
            if hasattr(layer.options, "filters"):
                return layer
        return None

    def previous_has_extra_consumer(self) -> None:
        """Pass `Layer.on_extra_consumer` on to the layer before this one."""
        if self.built:
            self.built[-1].on_extra_consumer()


class Layer(ArithmeticModule):
    """Base of all layers.

    A layer maps its sources' activations [N, C, H, W] to one tensor of its
    `output_shape`; a flat vector is [N, C, 1, 1].

    Attributes:
        section_names: the section's name and its aliases.
        Options: the type of its options.
        own_activations: activation functions for which Darknet's code of this layer
            has a routine of its own (see `Numerics.unwritten_activations`).
        joins_sources: it sees what its sources see, not what the layer before it sees.
        has_state: what it returns depends on what it has seen before.
        works_in_place: in training Darknet writes its output over its source's, which others
            that read the source then see too.
        needs_picture: Darknet refuses it right behind a [net] whose input is no picture.
        index: the layer's index in the network.
        sources: indices of the layers it reads, -1 for the network's input.
        overwrites: see `Dialect.overwrites_delta`.
        output_shape: the shape of one image's output.
        buffer_shape: the shape of what Darknet keeps as the output, see `buffer`.
        may_be_output: whether the network's output may be this layer's (a cost layer's may not).
    """

    section_names: ClassVar[tuple[str, ...]]
    Options: ClassVar[type[LayerOptions]] = LayerOptions
    own_activations: ClassVar[frozenset[str]] = frozenset()
    may_be_output: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = False
    joins_sources: ClassVar[bool] = False
    has_state: ClassVar[bool] = False
    works_in_place: ClassVar[bool] = False

    def __init__(self, options: Any, context: BuildContext) -> None:
        super().__init__(context.arithmetic)
        self.options = options
        self.index = context.index
        self.section = context.section
        self.input_shape = context.input_shape
        self.output_shape = context.input_shape
        self.sources: tuple[int, ...] = (context.index - 1,)
        self.overwrites = context.dialect.overwrites_delta(self.section_names[0])
        self._buffer_shape: Shape | None = None
        if self.needs_picture and context.index == 0 and not context.net.is_picture:
            raise self.config_error(
                "needs a picture",
                expected="width=, height= and channels= in [net]",
                got=f"inputs={context.net.inputs}",
            )

    @property
    def buffer_shape(self) -> Shape:
        """The output's shape, unless set otherwise."""
        return self._buffer_shape or self.output_shape

    @buffer_shape.setter
    def buffer_shape(self, shape: Shape) -> None:
        self._buffer_shape = shape

    def buffer(self, *inputs: Tensor) -> Tensor:
        """The layer's output as it lies in Darknet's memory; few differ from `forward`."""
        out: Tensor = self(*inputs)
        return out

    @property
    def detail(self) -> str:
        """What distinguishes the layer in a table, such as "32 3x3/2"."""
        return " ".join(str(source) for source in self.sources[1:])

    @property
    def bflops(self) -> float:
        """Billions of operations for one picture, as Darknet counts them."""
        return 0.0

    @property
    def reach(self) -> tuple[int, int, int, int]:
        """Window, stride, dilation, and how many times it enlarges: for receptive fields."""
        return 1, 1, 1, 1

    @property
    def reads_a_part(self) -> bool:
        """Whether its options leave some of its arrays out of weight files."""
        return bool(self.options.dontloadscales or self.options.numload)

    def fold_normalization(self) -> None:
        """Let no batch normalisation remain behind its products, for inference."""

    @property
    def overwritten_sources(self) -> tuple[int, ...]:
        """Those of its sources whose delta Darknet overwrites where it should add to it.

        What layers further behind sent to them is lost.
        """
        return self.sources if self.overwrites else ()

    def forward_recording_delta(
        self, *inputs: Tensor, record: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """`forward`, with `record` applied where C's backward leaves this layer's delta.

        That is the output, unless the layer has an activation function: C multiplies the
        slope into the delta in place, so such a layer applies `record` before the activation.

        Args:
            inputs: as `forward` takes them.
            record: returns its argument; see `darknet_torch.ops.accumulated_delta`.
        """
        return record(self(*inputs))

    def set_temperature(self, temperature: float) -> None:
        """Divide by `temperature` before a softmax; other layers have none."""

    def at_iteration(self, iteration: int) -> None:
        """Told before each batch how many updates the training has made."""

    def reset_state(self) -> None:
        """Forget what was seen; only recurrent layers remember."""

    def forget_stream(self, stream: int) -> None:
        """Forget what was seen in one of several sequences side by side."""

    def on_extra_consumer(self) -> None:
        """Told when another layer than the next reads the output, or reads it whole."""

    def weight_slots(self) -> list[Slot]:
        """The layer's arrays in the order of the weight file."""
        return []

    def initialize(self) -> None:
        """Give the arrays the values that Darknet starts training from."""

    def find_activation(self, name: str, dialect: Dialect) -> Activation:
        """The function called `name`, as this layer computes it in `dialect`."""
        return find_activation(
            name, dialect, self.own_activations, self.options.where, self.section
        )

    def config_error(self, what: str, **details: Any) -> CfgError:
        """A `CfgError` that names this layer's place in the cfg."""
        return CfgError(f"[{self.section}] {what}", where=self.options.where, **details)

    def extra_repr(self) -> str:
        return f"{self.section} {self.output_shape}"


def find_activation(
    name: str, dialect: Dialect, own: frozenset[str], where: Where, section: str
) -> Activation:
    """The activation function called `name` in a layer with routines of its `own`.

    Where Darknet's code writes zeros, so does this, with a warning.
    """
    if name not in dialect.numerics.unwritten_activations - own:
        return ACTIVATIONS[name]
    helps = name not in ALEXEYAB_CUDA.numerics.unwritten_activations
    warn(
        f"Darknet's code has no {name} in [{section}] and computes zeros, and so does this",
        where=where,
        fix="use --dialect alexeyab-cuda: the CUDA build has it" if helps else None,
    )
    return torch.zeros_like


def unchanged(x: Tensor) -> Tensor:
    """`x` itself: what `Layer.forward_recording_delta` takes where nothing is recorded."""
    return x


def empty_parameter(*shape: int) -> nn.Parameter:
    """A parameter without values yet; `Layer.initialize` or a weight file gives them."""
    return nn.Parameter(torch.empty(shape))
