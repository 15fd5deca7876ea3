"""The formulas of [Gaussian_yolo]."""

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
class GaussianYoloDecoder(Decoder):
    """The values of a box are mean and uncertainty of x, y, w, h, then objectness, classes.

    Attributes:
        scale_x_y: how far a centre may leave its cell.
        shift: part of the size from the point that x and y mean to the centre.

    Source: gaussian_yolo_layer.c forward_gaussian_yolo_layer, get_gaussian_yolo_box,
    get_gaussian_yolo_detections (AlexeyAB).
    """

    scale_x_y: float
    shift: float
    objectness_at = 8

    def values_of(self, functions: ArrayFunctions, maps: Any, *, raw: bool) -> Any:
        """`Decoder.values_of`."""
        return boxes_of_channels(maps, self.boxes)

    def activate(self, functions: ArrayFunctions, values: Any, axis: int = -1) -> Any:
        """`Decoder.activate`: x and y in cells; the means of w and h stay raw."""
        scale, out = self.scale_x_y, functions.logistic(values)
        x, y = (along(out, axis, at, at + 1) * scale - 0.5 * (scale - 1) for at in (0, 2))
        parts = (
            *(x, along(out, axis, 1, 2), y, along(out, axis, 3, 4), along(values, axis, 4, 5)),
            *(along(out, axis, 5, 6), along(values, axis, 6, 7), along(out, axis, 7)),
        )
        return functions.concatenate(parts, axis)

    def decode(self, functions: ArrayFunctions, values: Any, cells: Cells) -> Boxes:
        """`Decoder.decode`."""
        fractions = anchor_fractions(functions, cells.anchors, cells.height, cells.width)
        wh = functions.xp.exp(values[..., 4:8:2]) * fractions
        xy = centres(functions, values[..., 0], values[..., 2], cells) + self.shift * wh
        objectness = values[..., 8]
        certainty = 1 - values[..., 1:8:2].mean(-1)
        scores = (objectness * certainty)[..., None] * values[..., 9:]
        return Boxes(functions.concatenate((xy, wh), -1), objectness, scores)
