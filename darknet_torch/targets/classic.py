"""Assignment of ground truths to the boxes of a head for the classic losses.

A truth goes to boxes of the cell that its centre is in: to those whose anchors fit its shape, by
one of `SHAPE_MEASURES`. For an assignment by predictions it is paired with all of them, and the
loss chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from darknet_torch.targets.assignment import Assigner, Size, SizedAssignment, pack, unpack
from darknet_torch.targets.class_weights import class_weights
from darknet_torch.targets.shape_iou import shape_iou
from darknet_torch.targets.truths import Truths, cells_of


def shape_ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How alike two shapes are: 1 divided by the largest ratio of their widths and heights.

    Args:
        a, b: [..., 2] float32 width and height in one unit, above 0.

    Returns:
        [...] in 0-1, 1 for equal shapes.

    Source: ultralytics/yolov5 utils/loss.py ComputeLoss.build_targets, its anchor_t.
    """
    return np.minimum(a / b, b / a).min(-1)


# How well an anchor fits a truth, 0-1, both [..., 2] width and height; the larger the better.
SHAPE_MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "shape-iou": shape_iou,
    "shape-ratio": shape_ratio,
}


@dataclass(frozen=True)
class ClassicAssignment(SizedAssignment):
    """The truths of a mini-batch, and the boxes of a head that they are paired with.

    Attributes:
        truths: T, the largest number of truths in a picture.
        assigned: K, truths that have a class of the head and a size.
        pairs: P, pairs of a box and a truth.
    """

    truths: int
    assigned: int
    pairs: int

    @cached_property
    def _numbers(self) -> list[Any]:
        pairs = self.pairs
        shapes = ((2,), (2,), (self.pictures, self.truths, 4), (pairs, 4), (pairs, 2), (pairs, 2))
        return unpack(self.numbers, (*shapes, (pairs,), (pairs,)))

    @cached_property
    def _indices(self) -> list[Any]:
        return unpack(self.indices, ((4, self.pairs), (self.pairs,)))

    @property
    def paired_boxes(self) -> Any:
        """[P, 4] the truth of each pair, in 0-1 of the input."""
        return self._numbers[3]

    @property
    def anchors(self) -> Any:
        """[P, 2] width and height of the anchor of each pair's box, in 0-1 of the input."""
        return self._numbers[4]

    @property
    def cells(self) -> Any:
        """[P, 2] float32, column and row of each pair."""
        return self._numbers[5]

    @property
    def weights(self) -> Any:
        """[P] the weight of the truth's class, from counters_per_class; else 1."""
        return self._numbers[6]

    @property
    def shape_ious(self) -> Any:
        """[P] IoU of the anchor and the truth, as if they had one centre."""
        return self._numbers[7]

    @property
    def at(self) -> tuple[Any, Any, Any, Any]:
        """Picture, box, row and column of each pair, [P] int64 each."""
        picture, box, row, column = self._indices[0]
        return picture, box, row, column

    @property
    def class_ids(self) -> Any:
        """[P] int64, as map= gives them."""
        return self._indices[1]


@dataclass(frozen=True)
class ClassicAssigner(Assigner):
    """What the assignment reads of a head.

    Attributes:
        anchors: widths and heights of the anchors of all heads.
        in_cells: whether they are in cells of the map, else in pixels of the input.
        box_of_anchor: index of this head's box for each of them, -1 for none.
        measure: one of `SHAPE_MEASURES`; None to pair each truth with all boxes of its cell, truth
            by truth.
        bound: boxes whose anchor fits better are paired, too; None for the best one alone.
        counters_per_class, max_delta: as in the cfg.
    """

    anchors: tuple[tuple[float, float], ...]
    in_cells: bool
    box_of_anchor: tuple[int, ...]
    measure: str | None
    bound: float | None
    counters_per_class: tuple[int, ...]
    max_delta: float

    def assign(self, rows: np.ndarray, input_size: Size, map_size: Size) -> ClassicAssignment:
        """Pair each truth with boxes of its cell; those without a size are left out.

        Anchors that another head of the cfg uses (mask=) pair nothing here.
        """
        truths = Truths.from_rows(rows, self.known_labels)
        valid = truths.valid & (truths.boxes[..., 2:] > 0).all(-1)
        boxes = np.where(valid[..., None], truths.boxes, np.float32(0))
        size = map_size if self.in_cells else input_size
        anchors = np.array(self.anchors, np.float32) / np.array(size[::-1], np.float32)
        box_of_anchor = np.array(self.box_of_anchor, np.int64)
        fits = self._fits(anchors, boxes) & (box_of_anchor >= 0) & valid[..., None]
        picture, truth, anchor = np.nonzero(fits)
        column, row = cells_of(boxes[picture, truth, :2], map_size[1], map_size[0])
        class_ids = self.mapped(truths.class_ids[picture, truth])
        paired, own_anchors = boxes[picture, truth], anchors[anchor]
        numbers: list[Any] = [
            *(input_size[::-1], map_size[::-1], boxes, paired, own_anchors),
            np.stack((column, row), -1),
            class_weights(class_ids, self.counters_per_class, self.max_delta),
            shape_iou(own_anchors, paired[:, 2:]),
        ]
        indices = [picture, box_of_anchor[anchor], row, column, class_ids]
        return ClassicAssignment(
            *(len(rows), input_size, map_size),
            pack(numbers, np.float32),
            pack(indices, np.int64),
            truths=boxes.shape[1],
            assigned=int(valid.sum()),
            pairs=len(picture),
        )

    def _fits(self, anchors: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """[N, T, anchors] bool: which anchors a truth is paired with, if it is valid.

        Args:
            anchors: [anchors, 2] in 0-1 of the input.
            boxes: [N, T, 4].
        """
        if self.measure is None:
            return np.ones((*boxes.shape[:2], len(anchors)), bool)
        shapes = np.where(boxes[:, :, None, 2:] > 0, boxes[:, :, None, 2:], np.float32(1))
        scores = SHAPE_MEASURES[self.measure](anchors, shapes)
        best = scores.argmax(-1)[..., None] == np.arange(len(anchors))
        return best if self.bound is None else best | (scores > np.float32(self.bound))
