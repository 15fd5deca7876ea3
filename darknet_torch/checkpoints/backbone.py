"""Backbones of torchvision and timm, put into a network in forward order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from darknet_torch.checkpoints.arrays import (
    BatchNormArrays,
    LayerArrays,
    copy_values,
    match_slots,
)
from darknet_torch.checkpoints.state_reader import StateReader
from darknet_torch.errors import WeightsError
from darknet_torch.layers.base import Layer
from darknet_torch.layers.batchnorm import Batchnorm
from darknet_torch.layers.route import Route
from darknet_torch.model.network import Network
from darknet_torch.text import whole_number

State = Mapping[str, Tensor]

# How torchvision normalises its pictures in 0-1. No checkpoint holds these numbers.
_IMAGENET = LayerArrays(
    "ImageNet's mean and standard deviation",
    None,
    batchnorm=BatchNormArrays(
        weight=torch.ones(3, dtype=torch.float64),
        bias=torch.zeros(3, dtype=torch.float64),
        mean=torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64),
        variance=torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64) ** 2,
        epsilon=0.0,
    ),
)


@dataclass(frozen=True)
class LayerKeys:
    """The keys of the arrays of one Darknet layer in a checkpoint.

    Attributes:
        weight: prefix of the convolution or the matrix; "" for a BatchNorm alone.
        norm: prefix of the BatchNorm that follows it; "" for none.
    """

    weight: str = ""
    norm: str = ""


@dataclass(frozen=True)
class Block:
    """A block of a backbone.

    Attributes:
        main: the layers of the main branch, in forward order.
        projection: the layer parallel to them that reads the same input, if there is one.
    """

    main: tuple[LayerKeys, ...]
    projection: LayerKeys | None = None


class Backbone(ABC):
    """A family of backbones: how to recognise its checkpoints, and their layers in order.

    Attributes:
        name: what messages call it.
        epsilon: of its BatchNorm layers; a checkpoint does not say.
        classifier: prefixes of the layers that follow the features, in forward order.
    """

    name: ClassVar[str]
    epsilon: ClassVar[float] = 1e-5
    classifier: ClassVar[tuple[str, ...]]

    @abstractmethod
    def recognises(self, state: State) -> bool:
        """Whether `state`, key -> array, is a checkpoint of this family."""

    @abstractmethod
    def default_cfg(self, state: State) -> str | None:
        """Name of the shipped definition that `state` fits; None if there is none."""

    @abstractmethod
    def blocks(self, state: State) -> list[Block]:
        """The blocks of the features of `state`, in forward order."""

    def fill(self, network: Network, state: State, where: object) -> int:
        """Copy the arrays of `state` into `network`, layer by layer.

        A [batchnorm] as the first layer gets the mean and deviation of ImageNet's pictures.
        The classifier is left out if the network ends with the features, or continues with
        the layers of a detector.

        Args:
            network: changed in place, but not on an error.
            state: a checkpoint of this family. It may lack the classifier or end early.
            where: the checkpoint, for messages.

        Returns:
            How many layers, counted from the first, now have their arrays from `state`.

        Raises:
            WeightsError: arrays do not fit their layer or have none, a key is missing, or a
                key does not belong to this family.
        """
        layers = deque(layer for layer in network.layers if layer.weight_slots())
        matches: list[tuple[Layer, LayerArrays]] = []
        if layers and _normalizes_input(layers[0]):
            matches.append((layers.popleft(), _IMAGENET))
        reader = StateReader(state, where)
        for block in self.blocks(state):
            for keys, layer in _assign_layers(block, layers, network, where):
                matches.append((layer, _take_arrays(reader, keys, self.epsilon)))
        for prefix in self.classifier:
            if f"{prefix}.weight" in state:
                arrays = _take_arrays(reader, LayerKeys(prefix), self.epsilon)
                if layers and not network.heads:
                    matches.append((layers[0], _reshape_matrix(arrays, layers.popleft())))
        reader.check_all_used(f"no {self.name}")
        pairs = [pair for layer, arrays in matches for pair in match_slots(layer, arrays, where)]
        copy_values(pairs)
        return layers[0].index if layers else len(network.layers)


def child_indices(state: State, prefix: str) -> list[int]:
    """The numbers that follow `prefix` in the keys of `state`, sorted."""
    rests = {key[len(prefix) :].partition(".")[0] for key in state if key.startswith(prefix)}
    return sorted(number for rest in rests if (number := whole_number(rest)) is not None)


def _take_arrays(reader: StateReader, keys: LayerKeys, epsilon: float) -> LayerArrays:
    """Take the arrays under `keys`. A bias that is absent without a BatchNorm is zero."""
    batchnorm = reader.take_batchnorm(keys.norm, epsilon) if keys.norm else None
    if keys.norm and batchnorm is None:
        raise reader.missing_key(f"{keys.norm}.weight")
    if not keys.weight:
        return LayerArrays(keys.norm, None, batchnorm=batchnorm)
    weight = reader.take(f"{keys.weight}.weight")
    if weight is None:
        raise reader.missing_key(f"{keys.weight}.weight")
    bias = reader.take(f"{keys.weight}.bias")
    if bias is None and batchnorm is None:
        bias = weight.new_zeros(weight.shape[0])
    return LayerArrays(keys.weight, weight, bias, batchnorm)


def _normalizes_input(layer: Layer) -> bool:
    return layer.index == 0 and isinstance(layer, Batchnorm) and layer.input_shape.channels == 3


def _assign_layers(
    block: Block, layers: deque[Layer], network: Network, where: object
) -> Iterator[tuple[LayerKeys, Layer]]:
    """Pair the layers of `block` with those of the network, taken from the front of `layers`.

    A cfg may have the projection before or after the main branch.
    """
    order = list(block.main)
    if block.projection is not None:
        first = len(layers) > 1 and _source(layers[0], network) == _source(layers[1], network)
        order.insert(0 if first else len(order), block.projection)
    for keys in order:
        if not layers:
            raise WeightsError(
                f"the network has no layer for {keys.weight or keys.norm}",
                where=where,
                got=f"{network.net.where} with {len(network.layers)} layers",
                fix="use the cfg that the checkpoint was trained with",
            )
        yield keys, layers.popleft()


def _source(layer: Layer, network: Network) -> int:
    """The index of the layer whose output `layer` reads, directly or through [route] layers."""
    (index, *_) = layer.sources
    while index >= 0 and _is_identity(network.layers[index]):
        (index,) = network.layers[index].sources
    return index


def _is_identity(layer: Layer) -> bool:
    """Whether `layer` is a [route] that passes one whole output on."""
    return isinstance(layer, Route) and layer.groups == len(layer.sources) == 1


def _reshape_matrix(arrays: LayerArrays, layer: Layer) -> LayerArrays:
    """`arrays` with the weight shaped as in `layer`: [connected], or 1x1 [convolutional]."""
    weights = next(slot.tensor for slot in layer.weight_slots() if slot.name == "weights")
    if arrays.weight is not None and arrays.weight.flatten(1).shape == weights.flatten(1).shape:
        return replace(arrays, weight=arrays.weight.reshape(weights.shape))
    return arrays
