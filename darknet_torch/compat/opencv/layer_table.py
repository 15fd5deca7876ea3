"""The methods of OpenCV 4's dnn.Net that describe its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.compat.opencv.layers import INPUT_NAME, REGION, ImportedLayer, unconnected
from darknet_torch.errors import UnsupportedError, UsageError, nearest

_INPUT_LAYER = "_input"


@dataclass(frozen=True)
class Layer:
    """A layer as `Net.getLayer` returns it.

    Attributes:
        name, type: OpenCV's name and type for the layer.
        outputs: the names of its outputs; None if any name is accepted, as in OpenCV.
    """

    name: str
    type: str
    outputs: tuple[str, ...] | None = None

    def outputNameToIndex(self, outputName: str) -> int:
        """Return 0, or -1 for an output that does not exist. Scripts ask for "im_info"."""
        return 0 if self.outputs is None or outputName in self.outputs else -1


class LayerTable:
    """The layers of a net, by name and number.

    Args:
        imported: the layers in the order of OpenCV's importer.
    """

    def __init__(self, imported: Sequence[ImportedLayer]) -> None:
        self._imported = imported
        self._ids = {layer.name: number for number, layer in enumerate(imported, 1)}
        self._input_name = INPUT_NAME

    def empty(self) -> bool:
        """Return whether the net has no layers."""
        return not self._imported

    def getLayerNames(self) -> tuple[str, ...]:
        """Return the names of the layers, in order."""
        return tuple(self._ids)

    def getLayerId(self, layer: str) -> int:
        """Return the number of a layer, from 1; -1 if no layer has that name."""
        return 0 if layer == _INPUT_LAYER else self._ids.get(layer, -1)

    def getLayer(self, layerId: int | str) -> Layer:
        """Return the layer with a number or name; 0 is the input.

        Raises:
            UsageError: there is no such layer.
        """
        number = self.getLayerId(layerId) if isinstance(layerId, str) else int(layerId)
        if number == 0:
            return Layer(_INPUT_LAYER, "", (self._input_name,))
        if not 1 <= number <= len(self._imported):
            raise self.no_such_layer_error(layerId)
        found = self._imported[number - 1]
        return Layer(found.name, found.type)

    def getLayerTypes(self) -> tuple[str, ...]:
        """Return the types of the layers, sorted, without duplicates."""
        return tuple(sorted({layer.type for layer in self._imported} | {"__NetInputLayer__"}))

    def getLayersCount(self, layerType: str) -> int:
        """Return the number of layers of a type."""
        return sum(layer.type == layerType for layer in self._imported)

    def getUnconnectedOutLayers(self) -> np.ndarray:
        """Return the numbers of the layers that no other layer reads, int32 [K]."""
        names = self.getUnconnectedOutLayersNames()
        return np.array([self._ids[name] for name in names], np.int32)

    def getUnconnectedOutLayersNames(self) -> tuple[str, ...]:
        """Return the names of the layers that no other layer reads."""
        return tuple(layer.name for layer in unconnected(self._imported))

    def is_detector(self) -> bool:
        """Return whether the last layer is a [yolo] or a [region]."""
        return self.last().type == REGION

    def last(self) -> ImportedLayer:
        """Return the last layer.

        Raises:
            UsageError: the net is empty.
        """
        if not self._imported:
            raise empty_net_error()
        return self._imported[-1]

    def find(self, name: str) -> ImportedLayer:
        """Return the layer with a name, whose output can be computed.

        Raises:
            UsageError: no layer has that name.
            UnsupportedError: the layer is only a part of one of Darknet's layers.
        """
        if name not in self._ids:
            raise self.no_such_layer_error(name)
        layer = self._imported[self._ids[name] - 1]
        if layer.name != layer.final and not layer.permuted:
            raise UnsupportedError(
                f"{name!r} is a part of one of Darknet's layers, which is computed as a whole",
                fix=f"use {layer.final!r}, the output of the whole layer",
            )
        return layer

    def no_such_layer_error(self, layer: object) -> UsageError:
        """Make the error for a name or number that no layer has."""
        close = nearest(str(layer), self._ids)
        return UsageError(
            "no such layer",
            expected="one of getLayerNames(), or a number from 0 to their count",
            got=repr(layer),
            fix=f"did you mean {close!r}?" if close else None,
        )


def empty_net_error() -> UsageError:
    """Make the error for a net without layers."""
    return UsageError("the net is empty", fix="make it with readNetFromDarknet(cfg, weights)")
