"""The formulas of [yolo]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from darknet_torch.decoding.arrays import ArrayFunctions
from darknet_torch.decoding.decoder import (
    Boxes,
    Cells,
    Decoder,
    along,
    anchor_fractions,
    boxes_of_channels,
    centres,
)


@dataclass(frozen=True)
class YoloDecoder(Decoder):
    """The values of a box are x, y, w, h, objectness, classes.

    Attributes:
        scale_x_y: how far a centre may leave its cell.
        new_coords: the layer before has applied the logistic function.

    Source: yolo_layer.c forward_yolo_layer, get_yolo_box, get_yolo_detections.
    """

    scale_x_y: float
    new_coords: bool
    objectness_at = 4

    def objectness_limit(self, threshold: float, *, raw: bool) -> float | None:
        """`Decoder.objectness_limit`."""
        return super().objectness_limit(threshold, raw=raw and not self.new_coords)

    def values_of(self, functions: ArrayFunctions, maps: Any, *, raw: bool) -> Any:
        """`Decoder.values_of`."""
        return boxes_of_channels(maps, self.boxes)

    def activate(self, functions: ArrayFunctions, values: Any, axis: int = -1) -> Any:
        """`Decoder.activate`: x and y in cells; w and h stay raw."""
        xy, wh, rest = along(values, axis, 0, 2), along(values, axis, 2, 4), along(values, axis, 4)
        scale = self.scale_x_y
        if not self.new_coords:
            xy, rest = functions.logistic(xy), functions.logistic(rest)
        if scale != 1:
            xy = xy * scale - 0.5 * (scale - 1)
        return functions.concatenate((xy, wh, rest), axis)

    def decode(self, functions: ArrayFunctions, values: Any, cells: Cells) -> Boxes:
        """`Decoder.decode`."""
        wh = values[..., 2:4]
        factor = wh * wh * 4 if self.new_coords else functions.xp.exp(wh)
        wh = factor * anchor_fractions(functions, cells.anchors, cells.height, cells.width)
        xy = centres(functions, values[..., 0], values[..., 1], cells)
        objectness = values[..., 4]
        scores = objectness[..., None] * values[..., 5:]
        return Boxes(functions.concatenate((xy, wh), -1), objectness, scores)
