"""The formulas of [detection]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from darknet_torch.decoding.arrays import ArrayFunctions
from darknet_torch.decoding.decoder import Boxes, Cells, Decoder, centres

_COORDINATES = 4


@dataclass(frozen=True)
class DetectionDecoder(Decoder):
    """The output holds all class scores, then all confidences, then all boxes.

    Here the values of a box are x, y, w, h, confidence, classes.

    Attributes:
        side: rows and columns of the map.
        sqrt: widths and heights are square roots.

    Source: detection_layer.c forward_detection_layer, get_detection_detections.
    """

    side: int
    sqrt: bool
    objectness_at = 4

    def objectness_limit(self, threshold: float, *, raw: bool) -> float | None:
        """`Decoder.objectness_limit`: the confidence alone drops no box; the class scores do."""
        return None

    def values_of(self, functions: ArrayFunctions, maps: Any, *, raw: bool) -> Any:
        """`Decoder.values_of`, a copy; C reads 4 coordinates of a box, whatever coords is."""
        count, side, number = maps.shape[0], self.side, self.boxes
        flat, cells = maps.reshape(count, -1), side * side
        confidences, boxes = cells * self.classes, cells * (self.classes + number)
        end = boxes + cells * number * _COORDINATES
        classes = flat[:, :confidences].reshape(count, side, side, 1, self.classes)
        parts = (
            flat[:, boxes:end].reshape(count, side, side, number, _COORDINATES),
            flat[:, confidences:boxes].reshape(count, side, side, number, 1),
            functions.xp.broadcast_to(classes, (count, side, side, number, self.classes)),
        )
        return functions.concatenate(parts, -1)

    def decode(self, functions: ArrayFunctions, values: Any, cells: Cells) -> Boxes:
        """`Decoder.decode`."""
        xy = centres(functions, values[..., 0], values[..., 1], cells)
        wh, confidence = values[..., 2:4], values[..., 4]
        wh = wh * wh if self.sqrt else wh
        scores = confidence[..., None] * values[..., 5:]
        certain = functions.xp.ones_like(confidence)
        return Boxes(functions.concatenate((xy, wh), -1), certain, scores)
