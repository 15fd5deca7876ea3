"""A Darknet network as a plain nn.Module: a list of layers and one loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from darknet_torch.arguments import check_count
from darknet_torch.cfg.dialect import ACTIVATION_EXTENSIONS, ALEXEYAB, Dialect
from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.cfg.net import NetOptions, read_net
from darknet_torch.cfg.options import activations_in, extensions_in
from darknet_torch.cfg.size_limits import (
    HOW_TO_ALLOW,
    MOST_LAYERS,
    allowing_large_networks,
    large_networks_are_allowed,
)
from darknet_torch.errors import CfgError, CfgNote, UsageError, warn
from darknet_torch.heads.base import Head
from darknet_torch.layers.base import Layer, Slot
from darknet_torch.model.input_normalization import INPUT_NORMALIZATIONS
from darknet_torch.model.layer_building import build_layers
from darknet_torch.model.lifetimes import last_readers, output_indices
from darknet_torch.model.optimized import OptimizedNetwork
from darknet_torch.ops.arithmetic import FAST, Arithmetic, find_arithmetic

_HALVES = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class WeightsHeader:
    """The header of a weight file.

    Attributes:
        major, minor, revision: version of the file's format.
        seen: number of pictures that the network was trained on.
    """

    major: int
    minor: int
    revision: int
    seen: int = 0

    @property
    def transposed(self) -> bool:
        """Whether the file holds the matrices of connected layers transposed."""
        return self.major > 1000 or self.minor > 1000


class Network(nn.Module):
    """A network built from a cfg. state_dict keys read ``layers.<index>.<array>``.

    Attributes:
        net: the options of [net].
        dialect: the code base that the network follows.
        arithmetic: how the layers add up and round in training.
        layers: one module per section, in the order of the cfg.
        input_normalization: what is done to the input first, as [net] normalize= says.
        header: version and `seen` for the next weight file.
        names: of its classes, which `Detector` and `Classifier` use unless they are given
            others; () if they are not known. `darknet_torch.load` sets them.
        last_readers: index of a layer -> indices of the outputs that no later layer reads.
        output_indices: indices of the layers whose outputs `forward` returns.
        raw_heads: of each head, whether `forward_for_decoding` returns its input.
        weights_freed: whether `optimize(keep_weights=False)` has freed the arrays.
        frozen_layers: how many layers, from the first, a training leaves as they are; no
            gradient is computed there.
        held_in_evaluation: the modules that stay in evaluation mode in a training: normalisation
            whose statistics do not change.
    """

    def __init__(
        self,
        net: NetOptions,
        layers: Sequence[Layer],
        dialect: Dialect,
        arithmetic: Arithmetic = FAST,
    ) -> None:
        super().__init__()
        self.net: NetOptions = net
        self.dialect: Dialect = dialect
        self.arithmetic: Arithmetic = arithmetic
        self.input_normalization: nn.Module = INPUT_NORMALIZATIONS[net.normalize]()
        self.layers: Sequence[Layer] = cast("Sequence[Layer]", nn.ModuleList(layers))
        self.header: WeightsHeader = WeightsHeader(*dialect.weight_file.version)
        self.names: tuple[str, ...] = ()
        self.weights_freed: bool = False
        self.frozen_layers: int = 0
        self.held_in_evaluation: tuple[nn.Module, ...] = ()
        self.last_readers: dict[int, list[int]] = last_readers(layers)
        self.output_indices: tuple[int, ...] = output_indices(layers)
        read = {source for layer in layers for source in layer.sources}
        self.raw_heads: tuple[bool, ...] = tuple(
            head.decodes_input and head.index not in read for head in self.heads
        )

    @property
    def device(self) -> torch.device:
        """Where the network is: the device of its parameters."""
        return next(self.parameters(), torch.empty(0)).device

    @property
    def heads(self) -> list[Head]:
        """The detection heads, in order; empty for other kinds of network."""
        return [layer for layer in self.layers if isinstance(layer, Head)]

    @property
    def left_out_for_decoding(self) -> frozenset[int]:
        """Indices of the heads in `raw_heads`, whose input stands for their output."""
        pairs = zip(self.heads, self.raw_heads, strict=True)
        return frozenset(head.index for head, raw in pairs if raw)

    @property
    def output_layer(self) -> Layer:
        """The last layer that is not [cost]. Source: network.c get_network_output."""
        return self.layers[self.output_indices[-1]]

    def train(self, mode: bool = True) -> Network:
        """Set the mode of all layers; `held_in_evaluation` stays in evaluation mode."""
        super().train(mode)
        for module in self.held_in_evaluation:
            module.eval()
        return self

    def reset_state(self) -> None:
        """Make recurrent layers forget earlier inputs."""
        for layer in self.layers:
            layer.reset_state()

    def slots(self) -> Iterator[tuple[Layer, Slot]]:
        """Every array with its layer, in the order of the weight file."""
        for layer in self.layers:
            for slot in layer.weight_slots():
                yield layer, slot

    def saved_slots(self, cutoff: int | None = None) -> Iterator[Slot]:
        """The arrays that a weight file contains, in its order.

        Args:
            cutoff: count only this many layers from the first; all by default.

        Returns:
            The arrays of these layers, without those of layers with dontsave=1.

        Raises:
            UsageError: the arrays were freed.
        """
        self.check_has_weights()
        for layer in self.layers[:cutoff]:
            if not layer.options.dontsave:
                yield from layer.weight_slots()

    @torch.no_grad()
    def initialize(self, only: Sequence[int] | None = None) -> None:
        """Fill the arrays of layers with Darknet's starting values, in place.

        Weights are random numbers of PyTorch's global generator.

        Args:
            only: indices of the layers to fill, from 0; all layers by default.
        """
        for index in range(len(self.layers)) if only is None else only:
            self.layers[index].initialize()

    def fold_normalization(self) -> None:
        """Fold batch normalisation into the weights before it, for faster inference.

        Source: network.c fuse_conv_batchnorm (AlexeyAB).
        """
        for layer in self.layers:
            layer.fold_normalization()

    def optimize(self, *, keep_weights: bool = True) -> OptimizedNetwork:
        """Prepare the network for fast inference on a CPU.

        `Detector` and `Classifier` do so by themselves.

        Args:
            keep_weights: False frees the network's own arrays, which halves the memory; the
                network cannot compute or be saved any more then.

        Returns:
            What computes the network's outputs, from the weights as they are now.

        Raises:
            UsageError: the arrays were freed before.
        """
        self.check_has_weights()
        return OptimizedNetwork(self, keep_weights=keep_weights)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute the network's outputs for a batch.

        Args:
            images: [N, C, H, W] in 0-1, RGB, or [N, inputs] for a network whose input is
                not a picture. Networks without [connected] accept any height and width that
                their strides divide.

        Returns:
            The outputs of the detection heads in order; without heads, the output of the last
            layer that is not [cost]. Each [N, C, H, W].

        Raises:
            UsageError: the images do not fit the network's input, or its arrays were freed.

        Source: network.c network_predict, get_network_output (AlexeyAB).
        """
        outputs = self._run(images)
        return tuple(outputs[index] for index in self.output_indices)

    def forward_for_decoding(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute what the heads' boxes are decoded from, which saves most heads' activation.

        Args:
            images: as in `forward`.

        Returns:
            As `forward`, but of each head in `raw_heads` its input instead of its output.
        """
        outputs = self._run(images, left_out=self.left_out_for_decoding)
        return tuple(outputs[index] for index in self.output_indices)

    def layer_outputs(self, images: Tensor) -> list[Tensor]:
        """Compute the output of every layer, as Darknet keeps it in memory.

        Args:
            images: as in `forward`.

        Returns:
            For each layer, in the order of the cfg, [N, C, H, W]: its output, or what Darknet's
            buffer of the layer holds where that has another shape.

        Raises:
            UsageError: the images do not fit the network's input, or its arrays were freed.
        """
        self.check_has_weights()
        outputs = {-1: self.prepare_input(images)}
        buffers = []
        for index, layer in enumerate(self.layers):
            inputs = _inputs(layer, outputs)
            outputs[index] = layer(*inputs)
            differs = layer.buffer_shape != layer.output_shape
            buffers.append(layer.buffer(*inputs) if differs else outputs[index])
        return buffers

    def _run(self, images: Tensor, left_out: Set[int] = frozenset()) -> dict[int, Tensor]:
        """The outputs that are still needed after the last layer, by layer index.

        Args:
            images: as in `forward`.
            left_out: indices of layers whose input stands for their output.
        """
        self.check_has_weights()
        outputs = {-1: self.prepare_input(images)}
        for index, layer in enumerate(self.layers):
            inputs = _inputs(layer, outputs)
            outputs[index] = inputs[0] if index in left_out else layer(*inputs)
            for done in self.last_readers.get(index, ()):
                del outputs[done]
        return outputs

    def check_has_weights(self) -> None:
        """Check that the network's arrays are there.

        Raises:
            UsageError: `optimize(keep_weights=False)` has freed them.
        """
        if self.weights_freed:
            raise UsageError(
                "the network's weights were freed when it was optimized",
                where=self.net.where,
                expected="a network with its weights",
                got="one after keep_weights=False",
                fix="load it again, or optimize it with keep_weights=True",
            )

    def prepare_input(self, images: Tensor) -> Tensor:
        """Check images and normalise them: what the layers read as the network's input.

        Args:
            images: [N, C, H, W] of any height and width in 0-1, or [N, inputs].

        Returns:
            [N, C, H, W]: the images themselves, unless [net] normalize= says otherwise.

        Raises:
            UsageError: they do not fit the network's input.
        """
        prepared: Tensor = self.input_normalization(self.check_input(images))
        return prepared

    def check_input(self, images: Tensor) -> Tensor:
        """Check that images fit the network's input.

        Args:
            images: [N, C, H, W] of any height and width, or [N, inputs].

        Returns:
            The images as [N, C, H, W].

        Raises:
            UsageError: they do not fit the network's input.
        """
        shape = self.net.input_shape
        if images.dim() == 2 and images.shape[1] == shape.count:
            return images.reshape(-1, shape.channels, shape.height, shape.width)
        if images.dim() != 4 or images.shape[1] != shape.channels:
            raise UsageError(
                "the input does not fit the network",
                where=self.net.where,
                expected=f"[N, {shape.channels}, {shape.height}, {shape.width}]",
                got=list(images.shape),
            )
        return images


def build_network(
    sections: Sequence[Section],
    *,
    dialect: Dialect = ALEXEYAB,
    width: int | None = None,
    height: int | None = None,
    batch: int | None = None,
    subdivisions: int | None = None,
    max_batches: int | None = None,
    arithmetic: str = "fast",
    initialize: bool = True,
    files: NamedFiles | None = None,
    allow_large: bool = False,
) -> Network:
    """Build the network that `sections` describe.

    Args:
        sections: [net] and the layers, from `darknet_torch.cfg.grammar`.
        dialect: the code base to follow.
        width, height, batch, subdivisions, max_batches: override those of [net].
        arithmetic: how layers add up and round in training, "fast" or "c_order", see
            `darknet_torch.ops.arithmetic`.
        initialize: fill the arrays with Darknet's starting values; otherwise they hold
            arbitrary numbers.
        files: finds and reads the files that options such as tree= and map= name; by default
            they are looked for in the working folder, next to the cfg, and among the shipped
            definitions.
        allow_large: build it even if it is larger than `darknet_torch.cfg.size_limits` allows.

    Raises:
        CfgError: Darknet would refuse the cfg, or it contains an obvious mistake, or the network
            is too large for the free memory or takes too many operations.

    Source: parser.c parse_network_cfg_custom (AlexeyAB).
    """
    net = read_net(sections[0], dialect)
    net = _override_sizes(
        net,
        width=width,
        height=height,
        batch=batch,
        subdivisions=subdivisions,
        max_batches=max_batches,
    )
    chosen = find_arithmetic(arithmetic, dialect)
    with allowing_large_networks(allow_large):
        _check_number_of_layers(sections, net)
        layers = build_layers(sections[1:], net, dialect, chosen, files or NamedFiles())
    network = Network(net, layers, dialect, chosen)
    _warn_of_odd_size(network)
    _note_extensions(net, layers)
    if initialize:
        network.initialize()
    return network.eval()


def _check_number_of_layers(sections: Sequence[Section], net: NetOptions) -> None:
    count = len(sections) - 1
    if count > MOST_LAYERS and not large_networks_are_allowed():
        raise CfgError(
            "the network has too many layers",
            where=sections[MOST_LAYERS].where,
            expected=f"{MOST_LAYERS} at most",
            got=count,
            fix=f"correct the cfg; {HOW_TO_ALLOW}",
        )
    if not count:
        raise CfgError(
            "no layers after [net]",
            where=net.where,
            expected="a section for each layer",
            got="[net] alone",
            fix="check that the file is complete",
        )


def _inputs(layer: Layer, outputs: Mapping[int, Tensor]) -> list[Tensor]:
    """The outputs that a layer reads, at least in float32 if it needs that."""
    inputs = [outputs[source] for source in layer.sources]
    if not layer.needs_float32:
        return inputs
    return [x.float() if x.dtype in _HALVES else x for x in inputs]


def _override_sizes(net: NetOptions, **sizes: int | None) -> NetOptions:
    given: dict[str, Any] = {
        name: check_count(name, size, least=1) for name, size in sizes.items() if size is not None
    }
    return replace(net, **given)


def _warn_of_odd_size(network: Network) -> None:
    """Source: parser.c parse_network_cfg_custom, its last lines."""
    net = network.net
    if network.heads and (net.width % 32 or net.height % 32):
        warn(
            "width and height should be divisible by 32 for the usual detectors",
            where=net.where,
            got=f"{net.width}x{net.height}",
        )


def _note_extensions(net: NetOptions, layers: Sequence[Layer]) -> None:
    """Note what Darknet lacks: options of [net], an activation function where it is first used."""
    if options := extensions_in(net):
        warn(
            f"an extension of darknet_torch in [net], Darknet itself ignores it: "
            f"{', '.join(options)}",
            where=net.where,
            category=CfgNote,
        )
    noted: set[str] = set()
    for layer in layers:
        for word in activations_in(layer.options):
            if word in ACTIVATION_EXTENSIONS - noted:
                noted.add(word)
                warn(
                    f"{word} is an extension of darknet_torch, Darknet itself takes relu",
                    where=layer.options.where,
                    category=CfgNote,
                )
