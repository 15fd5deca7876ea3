"""Backbones as torchvision and timm keep them, put into a network in forward order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from darknet_torch.checkpoints.arrays import Normalized, Unit, fitted, store
from darknet_torch.checkpoints.reading import StateReader
from darknet_torch.errors import WeightsError
from darknet_torch.layers.base import Layer
from darknet_torch.layers.batchnorm import Batchnorm
from darknet_torch.layers.route import Route
from darknet_torch.model.network import Network

State = Mapping[str, Tensor]

# What torchvision normalises its pictures, in 0-1, by. No checkpoint holds it.
_IMAGENET = Unit(
    "ImageNet's mean and standard deviation",
    None,
    normalized=Normalized(
        weight=torch.ones(3, dtype=torch.float64),
        bias=torch.zeros(3, dtype=torch.float64),
        mean=torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64),
        variance=torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64) ** 2,
        epsilon=0.0,
    ),
)


@dataclass(frozen=True)
class Names:
    """Where a checkpoint keeps one unit.

    Attributes:
        weight: prefix of its convolution or matrix; "" for a BatchNorm alone.
        norm: prefix of the BatchNorm behind it; "" for none.
    """

    weight: str = ""
    norm: str = ""


@dataclass(frozen=True)
class Block:
    """Units one behind the other; `projection` reads what the first of them reads."""

    units: tuple[Names, ...]
    projection: Names | None = None


class Backbone(ABC):
    """A family of backbones: which checkpoints are of it, and their units in forward order.

    Attributes:
        name: what messages call it.
        epsilon: of its BatchNorm layers; a checkpoint does not say.
        classifier: prefixes of the layers behind its features, in forward order.
    """

    name: ClassVar[str]
    epsilon: ClassVar[float] = 1e-5
    classifier: ClassVar[tuple[str, ...]]

    @abstractmethod
    def recognises(self, state: State) -> bool:
        """Whether `state`, key to array, is a checkpoint of this family."""

    @abstractmethod
    def default_cfg(self, state: State) -> str | None:
        """The shipped definition that `state` fits, if there is one."""

    @abstractmethod
    def blocks(self, state: State) -> list[Block]:
        """The features of `state`, in forward order."""

    def fill(self, network: Network, state: State, where: object) -> int:
        """Give `network` the arrays of `state`, layer by layer.

        A [batchnorm] at the very start gets the mean and deviation of ImageNet's pictures.
        The classifier is left out where the network has no layer for it: behind the features
        it ends, or has a detector's layers.

        Args:
            network: changed in place, but not on an error.
            state: of this family; without a classifier, or cut short, it fills what it has.
            where: the checkpoint, for messages.

        Returns:
            How many layers, from the first, have all their arrays from `state`.

        Raises:
            WeightsError: a unit does not fit its layer, or has none; a key is missing, or
                none of this family's.
        """
        layers = deque(layer for layer in network.layers if layer.weight_slots())
        pairs: list[tuple[Layer, Unit]] = []
        if layers and _normalizes_input(layers[0]):
            pairs.append((layers.popleft(), _IMAGENET))
        reader = StateReader(state, where)
        for block in self.blocks(state):
            for names, layer in _placed(block, layers, network, where):
                pairs.append((layer, _unit(reader, names, self.epsilon)))
        for prefix in self.classifier:
            if f"{prefix}.weight" in state:
                unit = _unit(reader, Names(prefix), self.epsilon)
                if layers and not network.heads:
                    pairs.append((layers[0], _shaped(unit, layers.popleft())))
        reader.refuse_left(f"no {self.name}")
        store([pair for layer, unit in pairs for pair in fitted(layer, unit, where)])
        return layers[0].index if layers else len(network.layers)


def numbered(state: State, prefix: str) -> list[int]:
    """The numbers that follow `prefix` in the keys of `state`, in order."""
    behind = {key[len(prefix) :].partition(".")[0] for key in state if key.startswith(prefix)}
    return sorted(int(word) for word in behind if word.isdecimal())


def _unit(reader: StateReader, names: Names, epsilon: float) -> Unit:
    """The arrays of the unit that `names` says; a bias that is not there is zero."""
    normalized = reader.normalized(names.norm, epsilon) if names.norm else None
    if names.norm and normalized is None:
        raise reader.lacks(f"{names.norm}.weight")
    if not names.weight:
        return Unit(names.norm, None, normalized=normalized)
    weight = reader.take(f"{names.weight}.weight")
    if weight is None:
        raise reader.lacks(f"{names.weight}.weight")
    bias = reader.take(f"{names.weight}.bias")
    if bias is None and normalized is None:
        bias = weight.new_zeros(weight.shape[0])
    return Unit(names.weight, weight, bias, normalized)


def _normalizes_input(layer: Layer) -> bool:
    return layer.index == 0 and isinstance(layer, Batchnorm) and layer.input_shape.channels == 3


def _placed(
    block: Block, layers: deque[Layer], network: Network, where: object
) -> Iterator[tuple[Names, Layer]]:
    """Each unit of `block` with its layer, taken from the front of `layers`.

    A cfg may have the projection before the other units or behind them.
    """
    names = list(block.units)
    if block.projection is not None:
        first = len(layers) > 1 and _reads(layers[0], network) == _reads(layers[1], network)
        names.insert(0 if first else len(names), block.projection)
    for one in names:
        if not layers:
            raise WeightsError(
                f"the network has no layer for {one.weight or one.norm}",
                where=where,
                got=f"{network.net.where} with {len(network.layers)} layers",
                fix="take the cfg that the checkpoint was trained with",
            )
        yield one, layers.popleft()


def _reads(layer: Layer, network: Network) -> int:
    """The index of the layer whose output `layer` reads, past a [route] that hands it on."""
    (index, *_) = layer.sources
    while index >= 0 and _hands_on(network.layers[index]):
        (index,) = network.layers[index].sources
    return index


def _hands_on(layer: Layer) -> bool:
    return isinstance(layer, Route) and layer.groups == len(layer.sources) == 1


def _shaped(unit: Unit, layer: Layer) -> Unit:
    """`unit` with its matrix as `layer` has it: [connected], or a [convolutional] of 1x1."""
    weights = next(slot.tensor for slot in layer.weight_slots() if slot.name == "weights")
    if unit.weight is not None and unit.weight.flatten(1).shape == weights.flatten(1).shape:
        return replace(unit, weight=unit.weight.reshape(weights.shape))
    return unit
