"""What OpenCV 4's dnn.Net tells of its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.compat.opencv.layers import INPUT_NAME, REGION, ImportedLayer, unconnected
from darknet_torch.errors import UnsupportedError, UsageError, nearest

_INPUT_LAYER = "_input"


@dataclass(frozen=True)
class Layer:
    """What `Net.getLayer` tells of a layer.

    Attributes:
        name, type: OpenCV's words for it.
        outputs: the names of its outputs; None if any will do, as in OpenCV.
    """

    name: str
    type: str
    outputs: tuple[str, ...] | None = None

    def outputNameToIndex(self, outputName: str) -> int:
        """0, or -1 for a name that the layer does not have. Scripts ask for "im_info"."""
        return 0 if self.outputs is None or outputName in self.outputs else -1


class Described:
    """The layers of a net by name and number.

    Args:
        imported: in the order of OpenCV's importer.
    """

    def __init__(self, imported: Sequence[ImportedLayer]) -> None:
        self._imported = imported
        self._ids = {layer.name: number for number, layer in enumerate(imported, 1)}
        self._input_name = INPUT_NAME

    def empty(self) -> bool:
        """Whether there are no layers."""
        return not self._imported

    def getLayerNames(self) -> tuple[str, ...]:
        """The names of the layers, in order."""
        return tuple(self._ids)

    def getLayerId(self, layer: str) -> int:
        """The number of a layer, from 1; -1 if there is none of that name."""
        return 0 if layer == _INPUT_LAYER else self._ids.get(layer, -1)

    def getLayer(self, layerId: int | str) -> Layer:
        """The layer of a number or name; 0 is the input.

        Raises:
            UsageError: there is none.
        """
        number = self.getLayerId(layerId) if isinstance(layerId, str) else int(layerId)
        if number == 0:
            return Layer(_INPUT_LAYER, "", (self._input_name,))
        if not 1 <= number <= len(self._imported):
            raise self.no_such(layerId)
        found = self._imported[number - 1]
        return Layer(found.name, found.type)

    def getLayerTypes(self) -> tuple[str, ...]:
        """The types of the layers, sorted, each once."""
        return tuple(sorted({layer.type for layer in self._imported} | {"__NetInputLayer__"}))

    def getLayersCount(self, layerType: str) -> int:
        """How many layers are of a type."""
        return sum(layer.type == layerType for layer in self._imported)

    def getUnconnectedOutLayers(self) -> np.ndarray:
        """The numbers of the layers that no other one reads, int32 [K]."""
        names = self.getUnconnectedOutLayersNames()
        return np.array([self._ids[name] for name in names], np.int32)

    def getUnconnectedOutLayersNames(self) -> tuple[str, ...]:
        """The names of the layers that no other one reads."""
        return tuple(layer.name for layer in unconnected(self._imported))

    def is_detector(self) -> bool:
        """Whether its last layer is a [yolo] or a [region]."""
        return self.last().type == REGION

    def last(self) -> ImportedLayer:
        """The last layer.

        Raises:
            UsageError: there is none.
        """
        if not self._imported:
            raise empty_net()
        return self._imported[-1]

    def find(self, name: str) -> ImportedLayer:
        """The layer of a name, whose output can be computed.

        Raises:
            UsageError: there is none of that name.
            UnsupportedError: it is a part of one of Darknet's layers.
        """
        if name not in self._ids:
            raise self.no_such(name)
        layer = self._imported[self._ids[name] - 1]
        if layer.name != layer.final and not layer.permuted:
            raise UnsupportedError(
                f"{name!r} is a part of one of Darknet's layers, which is computed as a whole",
                fix=f"ask for {layer.final!r}, the layer's own output",
            )
        return layer

    def no_such(self, layer: object) -> UsageError:
        """The error for a name or number that no layer has."""
        close = nearest(str(layer), self._ids)
        return UsageError(
            "no such layer",
            expected="one of getLayerNames(), or a number from 0 to their count",
            got=repr(layer),
            fix=f"did you mean {close!r}?" if close else None,
        )


def empty_net() -> UsageError:
    """The error for a net without layers."""
    return UsageError("the net is empty", fix="make it with readNetFromDarknet(cfg, weights)")
