"""The formulas of [region]."""

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
from darknet_torch.decoding.trees import ClassTree

_CLASSFIX_OBJECTNESS = 0.5  # with classfix=-1 boxes below it have no class scores


@dataclass(frozen=True)
class RegionDecoder(Decoder):
    """The values of a box are x, y, w, h, further coordinates, objectness, classes.

    Attributes:
        coords: number of coordinates.
        flat: the order and the activations are AlexeyAB's: the values of a box are adjacent,
            position by position, x and y are raw, and the objectness follows h.
        softmax: class scores add up to one.
        background: a background class instead of the objectness.
        classfix: -1 drops the class scores of boxes of objectness below a half, if flat.
        tree: a hierarchy of the classes, or None.

    Source: region_layer.c forward_region_layer, get_region_box, get_region_boxes (AlexeyAB),
    get_region_detections (pjreddie).
    """

    coords: int
    flat: bool
    softmax: bool
    background: bool
    classfix: int
    tree: ClassTree | None

    @property
    def objectness_at(self) -> int:  # type: ignore[override]
        """`Decoder.objectness_at`; AlexeyAB's code reads the fifth value, whatever coords is."""
        return 4 if self.flat else self.coords

    @property
    def thresholds_objectness(self) -> bool:
        """Whether the objectness drops boxes; else the class scores alone do."""
        return not self.background and (not self.flat or self.tree is not None)

    def objectness_limit(self, threshold: float, *, raw: bool) -> float | None:
        """`Decoder.objectness_limit`."""
        limit = super().objectness_limit(threshold, raw=raw)
        return limit if self.thresholds_objectness else None

    def values_of(self, functions: ArrayFunctions, maps: Any, *, raw: bool) -> Any:
        """`Decoder.values_of`. Source: region_layer.c get_region_boxes reads as if coords were 4.

        So with other coords a flat output's values are taken from where they were not written.
        """
        if raw or not self.flat:
            return boxes_of_channels(maps, self.boxes)
        count, _, rows, columns = maps.shape
        size = 5 + self.classes
        read = maps.reshape(count, -1)[:, : rows * columns * self.boxes * size]
        return read.reshape(count, rows, columns, self.boxes, size)

    def activate(self, functions: ArrayFunctions, values: Any, axis: int = -1) -> Any:
        """`Decoder.activate`."""
        at = self.objectness_at
        end = at + 1 + self.classes
        xy, objectness = along(values, axis, 0, 2), along(values, axis, at, at + 1)
        classes = along(values, axis, at + 1, end)
        if self.background and not self.softmax:
            classes = functions.logistic(classes)
        elif self.background:
            together = functions.softmax(along(values, axis, at, end), axis)
            objectness, classes = along(together, axis, 0, 1), along(together, axis, 1)
        else:
            objectness = functions.logistic(objectness)
            classes = self._activate_classes(functions, classes, axis)
        if not self.flat:
            xy = functions.logistic(xy)
        middle, rest = along(values, axis, 2, at), along(values, axis, end)
        return functions.concatenate((xy, middle, objectness, classes, rest), axis)

    def _activate_classes(self, functions: ArrayFunctions, classes: Any, axis: int) -> Any:
        if self.tree is not None:
            last = functions.xp.moveaxis(classes, axis, -1)
            return functions.xp.moveaxis(self.tree.softmax(functions, last), -1, axis)
        if self.softmax:
            return functions.softmax(classes, axis)
        return classes if self.flat else functions.logistic(classes)

    def decode(self, functions: ArrayFunctions, values: Any, cells: Cells) -> Boxes:
        """`Decoder.decode`; anchors are in cells of the map."""
        xp, at = functions.xp, self.objectness_at
        xy = values[..., :2]
        if self.flat:
            xy = functions.logistic(xy)
        fractions = anchor_fractions(functions, cells.anchors, cells.rows, cells.columns)
        wh = xp.exp(values[..., 2:4]) * fractions
        xy = centres(functions, xy[..., 0], xy[..., 1], cells)
        objectness = values[..., at]
        if self.background:
            objectness = xp.ones_like(objectness)
        if self.flat and self.classfix == -1:
            objectness = xp.where(objectness < _CLASSFIX_OBJECTNESS, 0.0, objectness)
        scores = self._scores(
            functions, values[..., at + 1 : at + 1 + self.classes], objectness, self.tree
        )
        certain = objectness if self.thresholds_objectness else xp.ones_like(objectness)
        return Boxes(functions.concatenate((xy, wh), -1), certain, scores)

    def _scores(
        self, functions: ArrayFunctions, classes: Any, objectness: Any, tree: ClassTree | None
    ) -> Any:
        """Score each class; of a tree one class, by its probability (AlexeyAB) or objectness."""
        if tree is None:
            return objectness[..., None] * classes
        chained = tree.chain(functions, classes)
        if self.flat:
            return tree.deepest(functions, chained)
        ids = functions.indices(tree.ids, classes)
        top = tree.top(functions, chained)
        return functions.xp.where(ids == top[..., None], objectness[..., None], 0.0)
