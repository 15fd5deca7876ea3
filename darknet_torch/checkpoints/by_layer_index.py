"""Ports of Darknet that build their modules from the cfg: keys carry the layer's index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.checkpoints.arrays import Unit
from darknet_torch.checkpoints.reading import (
    LayerMatch,
    StateReader,
    layers_with_arrays,
    store_all,
)
from darknet_torch.errors import WeightsError
from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.layers.base import Layer
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.layers.shortcut import Shortcut
from darknet_torch.model.network import Network

_NUMBER = "[0-9]+"


@dataclass(frozen=True)
class IndexedLayout:
    """The keys of one port, and its epsilon, which no checkpoint holds.

    In the keys, {index} is the layer's index and {number} counts the [convolutional] ones
    from 1.

    Attributes:
        name: the repositories.
        weights: prefixes of a layer's weight and bias, the usual one first.
        normalization: prefix of the BatchNorm behind it.
        epsilon: what its BatchNorm adds to the variance.
        factors: key of a [shortcut]'s factors, before their sigmoid, if it may have any.
        head: prefix of a [yolo]'s anchors [boxes, 2], pixels of the network's input, and their
            copy anchor_grid; None if they are not kept.
    """

    name: str
    weights: tuple[str, ...]
    normalization: str
    epsilon: float
    factors: str | None = None
    head: str | None = None

    def recognises(self, state: Mapping[str, Tensor]) -> bool:
        """Whether there is a convolution under this port's usual key."""
        pattern = re.escape(f"{self.weights[0]}.weight")
        for field in (r"\{index\}", r"\{number\}"):
            pattern = pattern.replace(field, _NUMBER)
        return any(re.fullmatch(pattern, key) and state[key].dim() == 4 for key in state)

    def default_cfg(self, state: Mapping[str, Tensor]) -> str | None:
        """None: these ports run any cfg."""
        return None

    def fill(self, network: Network, state: Mapping[str, Tensor], where: object) -> int:
        """See `Layout.fill`.

        Raises:
            WeightsError: also if a [yolo] of the checkpoint has other anchors.
        """
        reader = StateReader(state, where)
        found, number = [], 0
        for layer in layers_with_arrays(network):
            number += isinstance(layer, Convolutional)
            found.append(self._find(layer, number, reader))
        for head in network.heads:
            if isinstance(head, AnchorHead):
                self._check_anchors(head, reader)
        return store_all(network, found, reader)

    def _find(self, layer: Layer, number: int, reader: StateReader) -> LayerMatch:
        if isinstance(layer, Shortcut):
            factors = self.factors and self.factors.format(index=layer.index)
            return LayerMatch(
                layer, factors, _factors(layer, factors, reader) if factors else None
            )
        normalization = self.normalization.format(index=layer.index, number=number)
        prefixes = [prefix.format(index=layer.index, number=number) for prefix in self.weights]
        for prefix in prefixes:
            unit = reader.unit(prefix, normalization, self.epsilon)
            if unit is not None:
                return LayerMatch(layer, f"{prefix}.weight", unit)
        return LayerMatch(layer, f"{prefixes[0]}.weight", None)

    def _check_anchors(self, head: AnchorHead, reader: StateReader) -> None:
        if self.head is None:
            return
        prefix = self.head.format(index=head.index)
        reader.take(f"{prefix}.anchor_grid")
        anchors = reader.take(f"{prefix}.anchors")
        if anchors is not None and anchors.tolist() != head.anchors.tolist():
            raise WeightsError(
                f"has other anchors than layer {head.index} [{head.section}] "
                f"({head.options.where})",
                where=reader.where,
                expected=head.anchors.tolist(),
                got=anchors.tolist(),
                fix="correct anchors= and mask= in the cfg",
            )


def _factors(layer: Shortcut, key: str, reader: StateReader) -> Unit | None:
    """The factors of a [shortcut]: sigmoid(w) * 2 / sources, one per source, not normalised.

    Source: utils/layers.py WeightedFeatureFusion (ultralytics/yolov3).

    Raises:
        WeightsError: the cfg has the layer normalise its factors.
    """
    values = reader.take(key)
    if values is None:
        return None
    if layer.normalization is not None:
        raise WeightsError(
            f"{key} holds factors as they are, but layer {layer.index} [{layer.section}] "
            f"({layer.options.where}) normalises its own",
            where=reader.where,
            expected="no weights_normalization=",
            got=layer.options.weights_normalization,
            fix="take it out of the cfg; AlexeyAB/darknet itself then refuses the cfg",
        )
    (slot,) = layer.weight_slots()
    factors = torch.sigmoid(values.reshape(-1, 1)) * 2 / values.numel()
    return Unit(key, factors.expand(-1, slot.tensor.shape[1]))


# Sources of the epsilons: pytorchyolo/models.py create_modules (eriklindernoren), darknet.py
# create_modules (ayooshkathuria), models.py create_modules (ultralytics, since March 2020,
# and WongKinYiu), tool/darknet2pytorch.py Darknet.create_network (Tianxiaomo).
BY_LAYER_INDEX = (
    IndexedLayout(
        name="eriklindernoren/PyTorch-YOLOv3, ayooshkathuria/pytorch-yolo-v3",
        weights=("module_list.{index}.conv_{index}",),
        normalization="module_list.{index}.batch_norm_{index}",
        epsilon=1e-5,
        head="module_list.{index}.yolo_{index}",
    ),
    IndexedLayout(
        name="ultralytics/yolov3 (branch archive), WongKinYiu/PyTorch_YOLOv4",
        weights=("module_list.{index}.Conv2d",),
        normalization="module_list.{index}.BatchNorm2d",
        epsilon=1e-4,
        factors="module_list.{index}.w",
    ),
    IndexedLayout(
        name="Tianxiaomo/pytorch-YOLOv4 (tool/darknet2pytorch.py)",
        # A [connected] is a Linear alone, or the first of a Sequential with its activation.
        weights=("models.{index}.conv{number}", "models.{index}.0", "models.{index}"),
        normalization="models.{index}.bn{number}",
        epsilon=1e-5,
    ),
)
