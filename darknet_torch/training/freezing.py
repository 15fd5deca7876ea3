"""Layers that do not learn: which they are, and how a network holds them as they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from torch import Tensor, nn

from darknet_torch.cfg.grammar import Section, read_cfg
from darknet_torch.cfg.options import read_options
from darknet_torch.cfg.zoo import shipped
from darknet_torch.downloads.published import published_cuts
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.layers.base import LayerOptions
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.model.network import Network
from darknet_torch.model.registry import layer_type
from darknet_torch.training.phase_option import BACKBONE
from darknet_torch.training.phases import Phase
from darknet_torch.training.starting_weights import layers_before_heads

# Options of every section say how weights are loaded and learnt, not what a layer computes.
_NOT_COMPARED = frozenset(one.name for one in fields(LayerOptions))


def frozen_layers(network: Network, phase: Phase) -> int:
    """How many layers of a network do not learn in a phase, from the first.

    Raises:
        UsageError: the network has fewer layers, or none is known to be its backbone.
    """
    count = len(network.layers)
    if phase.unfreeze is not None:
        _check_count(network, "unfreeze", phase.unfreeze, count)
        return count - phase.unfreeze
    if isinstance(phase.freeze, int):
        _check_count(network, "freeze", phase.freeze, count)
        return phase.freeze
    cuts = backbone_cuts(network)
    if len(cuts) == 1:
        return cuts.pop()
    heads = layers_before_heads(network)
    raise UsageError(
        "several published partial weights fit this network"
        if cuts
        else "no published partial weights are known for this network",
        where=network.net.where.file,
        expected="a cfg whose first layers are those of a .conv.N that `dtorch download --list` "
        "names",
        got=f"freeze={BACKBONE}" + (f", which may mean {sorted(cuts)} layers" if cuts else ""),
        fix="give the number of layers instead, --freeze N, as dtorch partial counts them"
        + (f"; {heads} layers come before those that depend on the classes" if heads else ""),
    )


def _check_count(network: Network, name: str, given: int, count: int) -> None:
    if given > count:
        raise UsageError(
            f"{name}= counts more layers than the network has",
            where=network.net.where.file,
            expected=f"{count} at most",
            got=given,
            fix="dtorch info lists the layers",
        )


def backbone_cuts(network: Network) -> set[int]:
    """The numbers of layers of published partial weights whose layers the network begins with.

    Layers are compared by what they compute, so that a cfg counts that was made from a shipped
    one for other classes or sizes.
    """
    definitions = shipped(".cfg")
    return {
        cut
        for name, cut in published_cuts().items()
        if name in definitions and _begins_with(network, definitions[name], cut)
    }


def _begins_with(network: Network, definition: Path, count: int) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        sections = read_cfg(definition)[1 : count + 1]
        return len(network.layers) > count == len(sections) and all(
            _is_same(layer.section_names[0], layer.options, section, network)
            for layer, section in zip(network.layers, sections, strict=False)
        )


def _is_same(name: str, options: LayerOptions, section: Section, network: Network) -> bool:
    kind = layer_type(section)
    if kind.section_names[0] != name:
        return False
    other = read_options(kind.Options, section, network.dialect)
    compared = {one.name for one in fields(options)} - _NOT_COMPARED - {"where"}
    return all(getattr(options, one) == getattr(other, one) for one in compared)


def freeze(network: Network, layers: int, normalization: frozenset[int] = frozenset()) -> None:
    """Hold arrays and statistics of a network as they are, and release all others.

    A held array needs no gradient: no update, decay, bound or average changes it. Held
    normalisation stays in evaluation mode: its rolling statistics are used, not changed.

    Args:
        network: changed in place.
        layers: how many layers are held, from the first.
        normalization: the indices of layers whose normalisation is held, with its scales and
            biases, as in torchvision's FrozenBatchNorm2d; their weights learn.
    """
    network.requires_grad_()
    held: list[nn.Module] = []
    for layer in network.layers:
        if layer.index < layers:
            layer.requires_grad_(False)
            held += (module for _, module in _normalizations(layer))
        elif layer.index in normalization:
            for around, module in _normalizations(layer):
                module.requires_grad_(False)
                if isinstance(getattr(around, "biases", None), nn.Parameter):
                    around.biases.requires_grad_(False)
                held.append(module)
    training = network.training
    network.frozen_layers, network.held_in_evaluation = layers, tuple(held)
    network.train(training)


def learning_buffers(network: Network) -> Iterator[Tensor]:
    """The buffers of layers that are not held as they are."""
    fixed = (*network.layers[: network.frozen_layers], *network.held_in_evaluation)
    held = {id(buffer) for module in fixed for buffer in module.buffers()}
    for layer in network.layers:
        yield from (buffer for buffer in layer.buffers() if id(buffer) not in held)


def normalized_layers(network: Network) -> frozenset[int]:
    """The indices of the layers whose normalisation has statistics of some training."""
    return frozenset(
        layer.index
        for layer in network.layers
        if any(True for _ in _normalizations(layer))
        and all(has_statistics(module) for _, module in _normalizations(layer))
    )


def has_statistics(module: nn.Module) -> bool:
    """Whether normalisation has seen a mini-batch; Darknet starts all variances at 0."""
    return not isinstance(module, Normalization) or bool(module.rolling_variance.any())


def without_statistics(network: Network, layers: int) -> list[int]:
    """The indices of layers, of so many from the first, whose normalisation has none."""
    return [
        layer.index
        for layer in network.layers
        if layer.index < layers
        and not all(has_statistics(module) for _, module in _normalizations(layer))
    ]


def _normalizations(layer: nn.Module) -> Iterator[tuple[nn.Module, nn.Module]]:
    """The modules of a layer that normalise, each after the one that it is part of."""
    kinds = (Normalization, nn.modules.batchnorm._NormBase)  # those of a user's own layers, too
    for around in layer.modules():
        for module in around.children():
            if isinstance(module, kinds):
                yield around, module
