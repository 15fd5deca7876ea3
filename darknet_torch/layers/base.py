"""The base of all layers: typed options in, a shape out, a forward, arrays in file order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from darknet_torch.cfg.dialect import ALEXEYAB_CUDA, Dialect
from darknet_torch.cfg.grammar import Location
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.options import Options, flag, integer, number
from darknet_torch.cfg.shape import Shape
from darknet_torch.cfg.tree import Tree
from darknet_torch.errors import CfgError, warn
from darknet_torch.ops.activations import ACTIVATIONS, Activation
from darknet_torch.ops.arithmetic import FAST, Arithmetic, ArithmeticModule
from darknet_torch.ops.trees import TreeProbabilities


@dataclass(frozen=True)
class LayerOptions(Options):
    """The options of every section. Source: parser.c parse_network_cfg_custom."""

    onlyforward: bool = flag(doc="no gradient passes")
    stopbackward: int = integer(
        0, doc="freeze the layers before this one: 1 for good, N for N batches"
    )
    dontload: bool = flag(doc="the weight file has nothing for this layer")
    dontloadscales: bool = flag(doc="the weight file has no batch normalisation here")
    learning_rate: float = number(1.0, doc="factor on the learning rate")
    dontsave: bool = flag(only="pjreddie", doc="leave the layer out of weight files")
    numload: int = integer(0, only="pjreddie", doc="read only this many filters")
    truth: bool = flag(only="pjreddie", doc="the layer's output is a truth")
    smooth: float = number(0.0, only="pjreddie", doc="smoothing of labels")
    clip: float = number(0.0, only="alexeyab", doc="bound on the weights")
    dont_update: int = integer(0, only="alexeyab", doc="do not update the weights for N batches")
    burnin_update: int = integer(0, only="alexeyab", doc="no updates before N * burn_in batches")
    train_only_bn: bool = flag(
        only="alexeyab", doc="train only the rolling statistics, up to and including this layer"
    )


@dataclass(frozen=True)
class Slot:
    """One array of a layer in the weight file.

    Attributes:
        name: the array's name in messages.
        tensor: the parameter or buffer that holds the array; its memory order is the file's.
        normalization: the array is absent from the file under dontloadscales.
        transposed_if_marked: the array is transposed in files whose header has the
            transpose mark.
        flipped: the array is always transposed in the file, as [values per filter, filters].
        per_filter: the array's first dimension counts the filters that numload limits.
        decays: weight decay applies to the array; it does not apply to biases and scales.
    """

    name: str
    tensor: Tensor
    normalization: bool = False
    transposed_if_marked: bool = False
    flipped: bool = False
    per_filter: bool = False
    decays: bool = False


@dataclass(frozen=True)
class ReceptiveWindow:
    """The window of the input that one output reads, to compute receptive fields.

    Attributes:
        size: width of the window, positions of the input.
        stride: positions of the input from one output to the next.
        dilation: distance of the window's taps.
        upscale: how many times larger the output is than the input.
    """

    size: int = 1
    stride: int = 1
    dilation: int = 1
    upscale: int = 1


@dataclass(frozen=True)
class InferenceStep:
    """The computation of a layer in an `OptimizedNetwork`.

    Attributes:
        compute: from the outputs of the layer's sources to its output, [N, C, H, W] each.
        owns_output: the memory of the output belongs to nothing else: it is neither, nor is it
            part of, an input, an array of the layer or what the layer keeps for the next call.
            An input that was overwritten counts as the output's own.
        has_copies: the computation does not need the layer's arrays any more.
    """

    compute: Callable[..., Tensor]
    owns_output: bool = False
    has_copies: bool = False


@dataclass(frozen=True)
class BuildContext:
    """The parts of the network that a layer may use while it is built.

    Attributes:
        index: the layer's own index.
        section: the name of the layer's section, as written in the cfg.
        input_shape: the output shape of the previous layer, or the shape of the network's input.
        built: the layers before this one.
        net: the options of [net].
        dialect: which of the two code bases to follow.
        arithmetic: how layers add up and round in training.
        files: finds and reads the files that options name.
    """

    index: int
    section: str
    input_shape: Shape
    built: Sequence[Layer]
    net: NetOptions
    dialect: Dialect
    arithmetic: Arithmetic = FAST
    files: NamedFiles = field(default_factory=NamedFiles)

    def layer(self, reference: int, where: Location, key: str) -> Layer:
        """Find the layer that a key refers to.

        Args:
            reference: an absolute index, or one relative to this layer if negative.
            where: the section's place in the cfg, for messages.
            key: the key that holds the reference, for messages.

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

    def nearest_layer_with_filters(self) -> Layer | None:
        """The nearest earlier layer whose options include ``filters=``, None if there is none."""
        for layer in reversed(self.built):
            if hasattr(layer.options, "filters"):
                return layer
        return None

    def previous_has_extra_consumer(self) -> None:
        """Call `Layer.on_extra_consumer` of the previous layer, if there is one."""
        if self.built:
            self.built[-1].on_extra_consumer()

    def read_tree(self, name: str, where: Location, classes: int) -> TreeProbabilities | None:
        """The tree of `classes` classes in the file `name`; None for an empty name.

        Raises:
            CfgError: the file does not exist, is broken, or has another number of classes.
        """
        if not name:
            return None
        tree = self.files.read_tree(name, section=self.section, where=where, classes=classes)
        return TreeProbabilities(tree)


class Layer(ArithmeticModule):
    """Base of all layers.

    A layer computes one tensor of its `output_shape` from the outputs of its sources, each
    [N, C, H, W]; a flat vector is [N, C, 1, 1]. CONTRIBUTING.md describes what a new layer
    must declare.

    Class attributes:
        section_names: the section's name and its aliases.
        example_cfg: the smallest sections after [net] that contain the layer. They can be
            built in every dialect for any picture of at least 4 channels, rows and columns.
            The reference page shows them and the property tests build them.
        Options: the dataclass of the layer's options.
        own_activations: activation functions for which Darknet's code of this layer
            has a routine of its own (see `NumericRules.unwritten_activations`).
        may_be_output: whether the layer's output may be the network's; False for cost
            layers.
        needs_picture: Darknet refuses the layer directly after a [net] whose input is not a
            picture.
        merges_receptive_fields: the layer's receptive field is the union of its sources'
            receptive fields, not computed from the previous layer's.
        has_state: the output depends on earlier inputs.
        averages_weights: ema_alpha= in [net] keeps a moving average of the layer's parameters.
        works_in_place: in training Darknet writes the layer's output over its source's output,
            so other layers that read the source then read the layer's output, too.
        needs_float32: in mixed precision the layer gets its input in float32, because 16 bits
            are too few for probabilities.

    Attributes:
        options: the layer's options.
        index: the layer's index in the network.
        section: the name of the section, as written in the cfg.
        sources: indices of the layers it reads, -1 for the network's input.
        input_shape: the output shape of the previous layer.
        output_shape: the shape of the output for one image.
        overwrites: see `Dialect.overwrites_delta`.
        state: what a layer with a state keeps of earlier inputs; empty before the first.
    """

    section_names: ClassVar[tuple[str, ...]]
    example_cfg: ClassVar[str]
    Options: ClassVar[type[LayerOptions]] = LayerOptions
    own_activations: ClassVar[frozenset[str]] = frozenset()
    may_be_output: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = False
    merges_receptive_fields: ClassVar[bool] = False
    has_state: ClassVar[bool] = False
    averages_weights: ClassVar[bool] = False
    works_in_place: ClassVar[bool] = False
    needs_float32: ClassVar[bool] = False
    state: tuple[Tensor, ...] = ()

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
        """Shape of one image in Darknet's output buffer; `output_shape` unless a layer sets it."""
        return self._buffer_shape or self.output_shape

    @buffer_shape.setter
    def buffer_shape(self, shape: Shape) -> None:
        self._buffer_shape = shape

    def buffer(self, *inputs: Tensor) -> Tensor:
        """Compute the output as Darknet's memory holds it; few layers differ from `forward`."""
        out: Tensor = self(*inputs)
        return out

    @property
    def detail(self) -> str:
        """Short description for the layer table, such as "32 3x3/2"."""
        return " ".join(str(source) for source in self.sources[1:])

    @property
    def bflops(self) -> float:
        """Billions of operations for one picture, as Darknet counts them."""
        return 0.0

    @property
    def operations(self) -> float:
        """Operations for one picture, an upper estimate that holds for every kind of layer."""
        values = sum(array.numel() for array in self.parameters())
        return max(1e9 * self.bflops, 2.0 * values)

    @property
    def working_values(self) -> int:
        """Values in memory that the computation for one picture takes besides the output.

        An upper estimate of what the options can enlarge: padded inputs, matrices of windows,
        states. 0 where there is nothing of that kind.
        """
        return 0

    @property
    def receptive_window(self) -> ReceptiveWindow:
        """The window of the input that one output reads, to compute receptive fields."""
        return ReceptiveWindow()

    @property
    def keeps_intermediates(self) -> bool:
        """Whether training keeps more of the layer than its inputs and its output.

        Then computing the layer again in the backward pass saves memory.
        """
        return False

    @property
    def loads_partially(self) -> bool:
        """Whether the options leave some of the layer's arrays out of weight files."""
        return bool(self.options.dontloadscales or self.options.numload)

    def fold_normalization(self) -> None:
        """Fold batch normalisation into the weights, for inference."""

    def round_products(self, dtype: torch.dtype) -> list[Tensor]:
        """Round the arrays of folded products to 16 bits, for inference inside an autocast.

        Args:
            dtype: the type to which autocast would round them at each call.

        Returns:
            The arrays that were rounded; by default none.
        """
        return []

    @property
    def passes_input_on(self) -> bool:
        """Whether the output at inference is the input of the only source, unchanged."""
        return False

    def inference_step(self, overwritable: Sequence[bool]) -> InferenceStep:
        """Prepare the layer's computation at inference, from the present values of its arrays.

        Args:
            overwritable: of each source, whether the computation may write over its output,
                which nothing else reads then.

        Returns:
            What computes, up to rounding, what `forward` does in evaluation mode, for inputs in
            any order of memory. Without gradients, and without the hooks of the module.
        """
        return InferenceStep(self.forward)

    @property
    def sources_with_overwritten_delta(self) -> tuple[int, ...]:
        """Sources whose delta Darknet's backward overwrites instead of adding to it.

        The gradients that later layers sent to these sources are lost.
        """
        return self.sources if self.overwrites else ()

    @property
    def class_tree(self) -> Tree | None:
        """The tree of the classes that the layer predicts; None for a flat list of classes."""
        return None

    def describe_loss(self, parts: Mapping[str, float]) -> str:
        """The line of a training's log about the layer's loss.

        Args:
            parts: the named numbers of the loss, means over the mini-batches of a batch.
        """
        numbers = ", ".join(f"{name} = {value:f}" for name, value in parts.items())
        return f"{self.section} {self.index}: {numbers}"

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
        """Set the divisor of values before a softmax; layers without softmax ignore it."""

    def on_iteration_start(self, iteration: int) -> None:
        """Called before each training batch with the number of updates made so far."""

    def reset_state(self) -> None:
        """Forget earlier inputs; only layers with a state implement it."""

    def reset_stream_state(self, stream: int) -> None:
        """Forget the earlier inputs of one sequence of the batch."""

    def on_extra_consumer(self) -> None:
        """Called while the network is built when the output has a consumer that needs its values.

        Such a consumer is any layer other than the next one, or the next one if it adds,
        multiplies or joins outputs ([shortcut], [sam], [scale_channels], [route]). A layer that
        prepares its output for the next layer alone must then stop doing so.
        """

    def weight_slots(self) -> list[Slot]:
        """The layer's arrays in the order of the weight file."""
        return []

    def initialize(self) -> None:
        """Fill the arrays with the values from which Darknet starts training."""

    def find_activation(self, name: str, dialect: Dialect) -> Activation:
        """The activation function `name`, as Darknet's code of this layer computes it."""
        return find_activation(
            name, dialect, self.own_activations, self.options.where, self.section
        )

    def config_error(self, what: str, **details: Any) -> CfgError:
        """Make a `CfgError` that names this layer's section and its place in the cfg."""
        return CfgError(f"[{self.section}] {what}", where=self.options.where, **details)

    def extra_repr(self) -> str:
        return f"{self.section} {self.output_shape}"


def find_activation(
    name: str, dialect: Dialect, own: frozenset[str], where: Location, section: str
) -> Activation:
    """Find the activation function of a layer.

    Where Darknet's code has no routine and writes zeros, the returned function does the same,
    and a warning says so.

    Args:
        name: the function's name in the cfg.
        dialect: the code base to follow.
        own: functions for which Darknet's code of the layer has a routine of its own.
        where: the section's place in the cfg, for messages.
        section: the section's name, for messages.
    """
    if name not in dialect.numerics.unwritten_activations - own:
        return ACTIVATIONS[name]
    in_cuda_build = name not in ALEXEYAB_CUDA.numerics.unwritten_activations
    warn(
        f"Darknet's code has no {name} in [{section}] and computes zeros, and so does this",
        where=where,
        fix="use --dialect alexeyab-cuda: the CUDA build has it" if in_cuda_build else None,
    )
    return torch.zeros_like


def unchanged(x: Tensor) -> Tensor:
    """`x` itself: what `Layer.forward_recording_delta` takes where nothing is recorded."""
    return x


def empty_parameter(*shape: int) -> nn.Parameter:
    """Create a parameter of an `empty_array`."""
    return nn.Parameter(empty_array(*shape))


def empty_array(*shape: int) -> Tensor:
    """Create an array that has only a shape, on the device "meta".

    `darknet_torch.model.layer_building.build_layers` gives it memory once the size of the whole
    network is known; `Layer.initialize` or a weight file fills it.
    """
    return torch.empty(shape, device="meta")


def zero_parameter(*shape: int) -> nn.Parameter:
    """Create a parameter of zeros, for an array that a weight file may lack.

    It is a view of one zero, until `build_layers` gives it memory as it does `empty_array`.
    """
    return nn.Parameter(torch.zeros(()).expand(shape))
