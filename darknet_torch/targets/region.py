"""Assignment of ground truths to the cells of a [region].

Which box of its cell a truth gets depends on the predictions, unless bias_match; the loss
decides it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from darknet_torch.targets.assignment import Assigner, Assignment, Size, pack, unpack
from darknet_torch.targets.truths import Truths, cells_of, in_rounds

_CLASS_ONLY = 100000  # a truth whose x and y are larger has a class but no box


@dataclass(frozen=True)
class RegionAssignment(Assignment):
    """The truths of a mini-batch, and the cells that they are in.

    Attributes:
        truths: T, the largest number of truths in a picture.
        assigned: K, truths that are assigned to a box.
        rounds: number of these in each round, in which a cell occurs once at most; see
            `in_rounds`.
        class_only: L, pictures with a truth that has a class but no box.
        more: coordinates of a truth after the fourth.
    """

    truths: int
    assigned: int
    rounds: tuple[int, ...]
    class_only: int
    more: int

    @cached_property
    def _numbers(self) -> list[Any]:
        assigned = self.assigned
        shapes = ((2,), (self.pictures, self.truths, 4), (assigned, 4), (assigned, 2))
        return unpack(self.numbers, (*shapes, (assigned, self.more)))

    @cached_property
    def _indices(self) -> list[Any]:
        shapes = ((self.pictures, self.truths), (self.assigned,), (self.assigned,))
        return unpack(self.indices, (*shapes, (2, self.class_only), (self.pictures,)))

    @property
    def map_wh(self) -> Any:
        """[2] float32 width and height of the map, in cells."""
        return self._numbers[0]

    @property
    def truth_boxes(self) -> Any:
        """[N, T, 4] in 0-1 of the input; zeros for padding and for truths left out."""
        return self._numbers[1]

    @property
    def assigned_boxes(self) -> Any:
        """[K, 4] the truths that are assigned to a box, in 0-1 of the input, round by round."""
        return self._numbers[2]

    @property
    def columns_rows(self) -> Any:
        """[K, 2] float32, the cells of these truths."""
        return self._numbers[3]

    @property
    def further_coordinates(self) -> Any:
        """[K, more] the coordinates of these truths after the fourth."""
        return self._numbers[4]

    @property
    def truth_classes(self) -> Any:
        """[N, T] int64, classes of the labels."""
        return self._indices[0]

    @property
    def cell_indices(self) -> Any:
        """[K] int64, into [N, H, W], flat."""
        return self._indices[1]

    @property
    def class_ids(self) -> Any:
        """[K] int64, as map= gives them."""
        return self._indices[2]

    @property
    def class_only_truths(self) -> Any:
        """[2, L] int64: pictures with a truth that has no box, and that truth's class."""
        return self._indices[3]

    @property
    def is_class_only(self) -> Any:
        """[N] int64: 1 for these pictures, else 0."""
        return self._indices[4]


@dataclass(frozen=True)
class RegionAssigner(Assigner):
    """What the assignment reads of a [region].

    Attributes:
        class_at: index of the class in a truth row.
        more: coordinates after the fourth that the loss reads.
        has_tree: whether truths may have a class but no box.
    """

    class_at: int
    more: int
    has_tree: bool

    def assign(self, rows: np.ndarray, input_size: Size, map_size: Size) -> RegionAssignment:
        """Find the cell of each truth; pictures with a truth without a box have no other.

        Source: region_layer.c forward_region_layer (both code bases).
        """
        truths = Truths.from_rows(rows, self.known_labels, class_at=self.class_at)
        height, width = map_size
        without_box = np.all(truths.boxes[..., :2] > _CLASS_ONLY, -1) & truths.valid
        if not self.has_tree:
            without_box = np.zeros_like(truths.valid)
        class_only = np.any(without_box, 1)
        alone = np.flatnonzero(class_only)
        alone_classes = truths.class_ids[alone][_first_of_each(without_box[alone])]
        picture, truth = np.nonzero(truths.valid & ~class_only[:, None])
        column, row = cells_of(truths.boxes[picture, truth, :2], width, height)
        cells = (picture * height + row) * width + column
        order, rounds = in_rounds(cells)
        picture, truth, cells = picture[order], truth[order], cells[order]
        boxes = np.where(truths.valid[..., None], truths.boxes, np.float32(0))
        columns_rows = np.stack((column[order], row[order]), -1)
        further = truths.rows[picture, truth, 5 : 5 + self.more]
        class_ids = self.mapped(truths.class_ids[picture, truth])
        numbers = [map_size[::-1], boxes, boxes[picture, truth], columns_rows, further]
        indices = [truths.class_ids, cells, class_ids, alone, alone_classes, class_only]
        return RegionAssignment(
            *(len(rows), input_size, map_size),
            pack(numbers, np.float32),
            pack(indices, np.int64),
            truths=boxes.shape[1],
            assigned=len(cells),
            rounds=rounds,
            class_only=len(alone),
            more=self.more,
        )


def _first_of_each(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The index of the first true value of each row; all of [L, T] have one."""
    if not chosen.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.arange(len(chosen)), chosen.argmax(1)
