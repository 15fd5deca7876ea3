"""Ports of Darknet that build their modules from a cfg: their keys contain the layer's index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.checkpoints.arrays import LayerArrays
from darknet_torch.checkpoints.state_reader import (
    LayerMatch,
    StateReader,
    fill_layers,
    layers_with_arrays,
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
    """The keys of one port, and its epsilon, which no checkpoint contains.

    In the keys, {index} is the index of the layer in the cfg, and {number} counts the
    [convolutional] layers from 1.

    Attributes:
        name: the repositories.
        weights: prefixes of a layer's weight and bias, the usual one first.
        batchnorm: prefix of the BatchNorm that follows it.
        epsilon: what its BatchNorm adds to the variance.
        shortcut_weights: key of the weights of a [shortcut], before their sigmoid; None if the
            port has no such weights.
        head: prefix of the anchors of a [yolo], [boxes, 2] in pixels of the network's input,
            and of their copy anchor_grid; None if the port does not keep them.
    """

    name: str
    weights: tuple[str, ...]
    batchnorm: str
    epsilon: float
    shortcut_weights: str | None = None
    head: str | None = None

    def recognises(self, state: Mapping[str, Tensor]) -> bool:
        """Whether `state` has a convolution under the usual key of this port."""
        pattern = re.escape(f"{self.weights[0]}.weight")
        for field in (r"\{index\}", r"\{number\}"):
            pattern = pattern.replace(field, _NUMBER)
        return any(re.fullmatch(pattern, key) and state[key].dim() == 4 for key in state)

    def default_cfg(self, state: Mapping[str, Tensor]) -> str | None:
        """None: these ports build any cfg, so the user must say which."""
        return None

    def fill(self, network: Network, state: Mapping[str, Tensor], where: object) -> int:
        """See `Layout.fill`.

        Raises:
            WeightsError: as `Layout.fill`, or the anchors of a [yolo] differ.
        """
        reader = StateReader(state, where)
        matches, number = [], 0
        for layer in layers_with_arrays(network):
            number += isinstance(layer, Convolutional)
            matches.append(self._match(layer, number, reader))
        for head in network.heads:
            if isinstance(head, AnchorHead):
                self._check_anchors(head, reader)
        return fill_layers(network, matches, reader)

    def _match(self, layer: Layer, number: int, reader: StateReader) -> LayerMatch:
        """The arrays for `layer`, which is the `number`-th [convolutional] if it is one."""
        if isinstance(layer, Shortcut):
            key = self.shortcut_weights and self.shortcut_weights.format(index=layer.index)
            return LayerMatch(layer, key, _shortcut_weights(layer, key, reader) if key else None)
        batchnorm = self.batchnorm.format(index=layer.index, number=number)
        prefixes = [prefix.format(index=layer.index, number=number) for prefix in self.weights]
        for prefix in prefixes:
            arrays = reader.take_layer(prefix, batchnorm, self.epsilon)
            if arrays is not None:
                return LayerMatch(layer, f"{prefix}.weight", arrays)
        return LayerMatch(layer, f"{prefixes[0]}.weight", None)

    def _check_anchors(self, head: AnchorHead, reader: StateReader) -> None:
        if self.head is None:
            return
        prefix = self.head.format(index=head.index)
        reader.take(f"{prefix}.anchor_grid")
        anchors = reader.take(f"{prefix}.anchors")
        if anchors is not None and anchors.tolist() != head.anchors.tolist():
            raise WeightsError(
                f"its anchors are not those of layer {head.index} [{head.section}] "
                f"({head.options.where})",
                where=reader.where,
                expected=head.anchors.tolist(),
                got=anchors.tolist(),
                fix="correct anchors= and mask= in the cfg",
            )


def _shortcut_weights(layer: Shortcut, key: str, reader: StateReader) -> LayerArrays | None:
    """The weights of a [shortcut], sigmoid(w) * 2 / sources, one per source, not normalised.

    Returns:
        The weights, repeated for every channel that the layer has weights for; None if the
        checkpoint has no such key.

    Source: utils/layers.py WeightedFeatureFusion (ultralytics/yolov3).

    Raises:
        WeightsError: the layer normalises its weights, as the cfg says.
    """
    values = reader.take(key)
    if values is None:
        return None
    if layer.normalization is not None:
        raise WeightsError(
            f"{key} holds weights that are not normalised, but layer {layer.index} "
            f"[{layer.section}] ({layer.options.where}) normalises its weights",
            where=reader.where,
            expected="no weights_normalization=",
            got=layer.options.weights_normalization,
            fix="remove it from the cfg; AlexeyAB/darknet itself then refuses the cfg",
        )
    (slot,) = layer.weight_slots()
    weights = torch.sigmoid(values.reshape(-1, 1)) * 2 / values.numel()
    return LayerArrays(key, weights.expand(-1, slot.tensor.shape[1]))


# Sources of the epsilons: pytorchyolo/models.py create_modules (eriklindernoren), darknet.py
# create_modules (ayooshkathuria), models.py create_modules (ultralytics, since March 2020,
# and WongKinYiu), tool/darknet2pytorch.py Darknet.create_network (Tianxiaomo).
INDEXED_LAYOUTS = (
    IndexedLayout(
        name="eriklindernoren/PyTorch-YOLOv3, ayooshkathuria/pytorch-yolo-v3",
        weights=("module_list.{index}.conv_{index}",),
        batchnorm="module_list.{index}.batch_norm_{index}",
        epsilon=1e-5,
        head="module_list.{index}.yolo_{index}",
    ),
    IndexedLayout(
        name="ultralytics/yolov3 (branch archive), WongKinYiu/PyTorch_YOLOv4",
        weights=("module_list.{index}.Conv2d",),
        batchnorm="module_list.{index}.BatchNorm2d",
        epsilon=1e-4,
        shortcut_weights="module_list.{index}.w",
    ),
    IndexedLayout(
        name="Tianxiaomo/pytorch-YOLOv4 (tool/darknet2pytorch.py)",
        # A [connected] is a Linear alone, or the first in a Sequential with its activation.
        weights=("models.{index}.conv{number}", "models.{index}.0", "models.{index}"),
        batchnorm="models.{index}.bn{number}",
        epsilon=1e-5,
    ),
)
