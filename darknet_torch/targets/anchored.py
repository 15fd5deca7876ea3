"""Matching of ground truths with the boxes of [yolo] and [Gaussian_yolo].

A ground truth is matched with the box of its cell whose anchor has the best IoU with it by
shape, and with those whose anchor exceeds iou_thresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from darknet_torch.targets.assignment import Assigner, Size, SizedAssignment, pack, unpack
from darknet_torch.targets.class_weights import class_weights
from darknet_torch.targets.shape_iou import SHAPE_IOUS, shape_iou
from darknet_torch.targets.truths import Truths, cells_of, in_rounds


@dataclass(frozen=True)
class Match:
    """K pairs of a predicted box and a ground truth, of numpy or of torch.

    Attributes:
        picture, box, row, column: [K] int64, where the predicted box is in [N, boxes, H, W].
        class_ids: [K] int64, as the head's map= gives them.
        truth_boxes: [K, 4] centre x, centre y, width, height in 0-1 of the input.
        anchors: [K, 2] width and height in pixels.
        cells: [K, 2] float32, column and row.
        multipliers: [K] weight of the class, from counters_per_class; else 1.
    """

    picture: Any
    box: Any
    row: Any
    column: Any
    class_ids: Any
    truth_boxes: Any
    anchors: Any
    cells: Any
    multipliers: Any

    @property
    def at(self) -> tuple[Any, Any, Any, Any]:
        """The index of the boxes in an array [N, boxes, H, W, ...]."""
        return self.picture, self.box, self.row, self.column


@dataclass(frozen=True)
class AnchoredAssignment(SizedAssignment):
    """The truths of a mini-batch, and the boxes that they are matched with.

    Attributes:
        truths: T, the largest number of truths in a picture.
        matches: K, pairs of a box and a truth.
        rounds: number of matches in each round, see `in_rounds`; they add up to K.
        labels: L, boxes with a track.
    """

    truths: int
    matches: int
    rounds: tuple[int, ...]
    labels: int

    @cached_property
    def _numbers(self) -> list[Any]:
        count, matches = (self.pictures, self.truths), self.matches
        shapes = ((2,), (2,), (*count, 4), count, (matches, 4), (matches, 2), (matches, 2))
        return unpack(self.numbers, (*shapes, (matches,)))

    @cached_property
    def _indices(self) -> list[Any]:
        shapes = ((self.pictures, self.truths), (5, self.matches), (3, self.labels))
        return unpack(self.indices, shapes)

    @property
    def truth_multipliers(self) -> Any:
        """[N, T] weight of each truth's class, from counters_per_class; else 1."""
        return self._numbers[3]

    @property
    def truth_classes(self) -> Any:
        """[N, T] int64, as map= gives them."""
        return self._indices[0]

    @property
    def track_labels(self) -> Any:
        """[3, L] int64: boxes, flat in [N, boxes, H, W], their track ids and classes.

        Boxes matched because of iou_thresh alone have no label, as in C; of several truths of a
        box the last one counts.
        """
        return self._indices[2]

    @property
    def match(self) -> Match:
        """The K matches, round after round."""
        return Match(*self._indices[1], *self._numbers[4:])


@dataclass(frozen=True)
class AnchoredAssigner(Assigner):
    """What the matching reads of a [yolo] or [Gaussian_yolo].

    Attributes:
        anchors: widths and heights of the anchors of all heads, pixels of the network's input.
        box_of_anchor: index of this head's box for each of them, -1 for none.
        boxes: boxes per position.
        iou_thresh, iou_thresh_kind: as in the cfg.
        counters_per_class, max_delta: as in the cfg.
        shift: part of the size from the point that x and y mean to the centre.
    """

    anchors: tuple[tuple[float, float], ...]
    box_of_anchor: tuple[int, ...]
    boxes: int
    iou_thresh: float
    iou_thresh_kind: str
    counters_per_class: tuple[int, ...]
    max_delta: float
    shift: float = 0.0

    def assign(self, rows: np.ndarray, input_size: Size, map_size: Size) -> AnchoredAssignment:
        """Match each truth with the anchor that fits it best, and with those above iou_thresh.

        Anchors that another head of the cfg uses (mask=) match nothing here.

        Source: yolo_layer.c process_batch (AlexeyAB), its best_n and iou_thresh.
        """
        truths = Truths.from_rows(rows, self.known_labels)
        height, width = map_size
        column, row = cells_of(truths.points(self.shift), width, height)
        best_anchor, matched = self._match_anchors(truths, input_size)
        box_of_anchor = np.array(self.box_of_anchor, np.int64)
        matched &= (box_of_anchor >= 0) & truths.valid[..., None]
        picture, truth, anchor = np.nonzero(matched)
        at = (picture, box_of_anchor[anchor], row[picture, truth], column[picture, truth])
        flat = np.ravel_multi_index(at, (len(rows), self.boxes, *map_size))
        order, rounds = in_rounds(flat)
        chosen = (picture[order], truth[order])
        classes = self.mapped(truths.class_ids)
        weights = class_weights(classes, self.counters_per_class, self.max_delta)
        boxes = np.where(truths.valid[..., None], truths.boxes, np.float32(0))
        at_boxes = [part[order] for part in at]
        cells = np.stack((at_boxes[3], at_boxes[2]), -1)
        anchors = np.array(self.anchors, np.float32)[anchor[order]]
        by_match = (boxes[chosen], anchors, cells, weights[chosen])
        best = anchor == best_anchor[picture, truth]
        labels = _last_labels(
            flat, truths.track_ids[picture, truth], classes[picture, truth], best
        )
        return AnchoredAssignment(
            *(len(rows), input_size, map_size),
            pack([input_size[::-1], map_size[::-1], boxes, weights, *by_match], np.float32),
            pack([classes, *at_boxes, classes[chosen], labels], np.int64),
            truths=boxes.shape[1],
            matches=len(flat),
            rounds=rounds,
            labels=labels.shape[1],
        )

    def _match_anchors(self, truths: Truths, input_size: Size) -> tuple[np.ndarray, np.ndarray]:
        """[N, T] the best anchor of each truth, and [N, T, anchors] bool the matched ones."""
        size = np.array(input_size[::-1], np.float32)
        anchors = np.array(self.anchors, np.float32) / size
        shapes = truths.boxes[:, :, None, 2:]
        best = shape_iou(anchors, shapes).argmax(-1)
        matched = best[..., None] == np.arange(len(anchors))
        if self.iou_thresh < 1:
            compare = SHAPE_IOUS[self.iou_thresh_kind]
            matched |= compare(anchors, shapes) > np.float32(self.iou_thresh)
        return best, matched


def _last_labels(
    boxes: np.ndarray, track_ids: np.ndarray, class_ids: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """[3, L] box, track id and class of the last of the `chosen` matches of each box.

    Args:
        boxes, track_ids, class_ids: [K] int64, in the order of the truths.
        chosen: [K] bool.
    """
    rows = np.stack((boxes, track_ids, class_ids))[:, chosen]
    _, last = np.unique(rows[0, ::-1], return_index=True)
    return rows[:, rows.shape[1] - 1 - last]
