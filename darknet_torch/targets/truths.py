"""Ground truths of a mini-batch, and the order in which they are assigned to a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Truths:
    """The ground-truth boxes of N pictures, padded to T, the largest number in a picture.

    Attributes:
        boxes: [N, T, 4] float32 centre x, centre y, width, height in 0-1 of the input.
        class_ids: [N, T] int64.
        track_ids: [N, T] int64, 0 where the labels have no tracks.
        valid: [N, T] bool, False for padding and for classes that the head does not know.
        rows: [N, T, values] float32, the rows they were read from.
    """

    boxes: np.ndarray
    class_ids: np.ndarray
    track_ids: np.ndarray
    valid: np.ndarray
    rows: np.ndarray

    @staticmethod
    def from_rows(rows: np.ndarray, classes: int, *, class_at: int = 4) -> Truths:
        """Read Darknet's truth rows; a row whose x is 0 ends the rows of its picture.

        Args:
            rows: [N, boxes, 5 or more] float32: x, y, w, h, class (, track id).
            classes: truths with a class id outside 0..classes-1 are not valid.
            class_at: index of the class id within a row.

        Source: yolo_layer.c process_batch (AlexeyAB), its loops over l.max_boxes.
        """
        exists = (rows[..., 0] != 0).cumprod(1).astype(bool)
        most = int(exists.sum(1).max(initial=0))
        rows, exists = rows[:, :most], exists[:, :most]
        ids = _truncated(rows[..., class_at])
        has_tracks = class_at == 4 and rows.shape[-1] > 5
        track_ids = _truncated(rows[..., 5]) if has_tracks else np.zeros_like(ids)
        valid = exists & (ids >= 0) & (ids < classes)
        return Truths(rows[..., :4], ids.clip(0, classes - 1), track_ids, valid, rows)

    def points(self, shift: float) -> np.ndarray:
        """[N, T, 2]: the centres, moved by -`shift` times the sizes."""
        return self.boxes[..., :2] - np.float32(shift) * self.boxes[..., 2:]


def cells_of(points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The cells that points are in, on a map of `width` x `height` cells.

    Args:
        points: [..., 2] float32 x and y in 0-1 of the input.

    Returns:
        [...] column and [...] row, int64.

    Differs: a point on the right or lower edge is in the last cell; Darknet writes into the
    memory of the next row.
    """
    column = _truncated(points[..., 0] * np.float32(width)).clip(0, width - 1)
    row = _truncated(points[..., 1] * np.float32(height)).clip(0, height - 1)
    return column, row


def in_rounds(box_indices: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Order matches in rounds in which each box occurs once at most.

    Round k holds the k-th match of every box. In C's loop over truths a truth sees what the
    truth before it wrote into the same box; assigning round after round gives the same
    result without a loop over truths.

    Args:
        box_indices: [K] int64, the box of each match in the order of the truths.

    Returns:
        [K] int64, positions in `box_indices`, round after round and ascending in each; and the
        number of matches in each round.
    """
    order = np.argsort(box_indices, kind="stable")
    ordered = box_indices[order]
    positions = np.arange(len(box_indices))
    starts = np.ones(len(box_indices), bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    rank = np.empty_like(positions)
    rank[order] = positions - np.maximum.accumulate(np.where(starts, positions, 0))
    return np.argsort(rank, kind="stable"), tuple(np.bincount(rank).tolist())


def _truncated(values: np.ndarray) -> np.ndarray:
    """As int64; what is no number becomes some integer, as in C."""
    with np.errstate(invalid="ignore"):
        return values.astype(np.int64)
