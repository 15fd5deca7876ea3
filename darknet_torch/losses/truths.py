"""Ground truths of a mini-batch, and the order in which they are assigned to a box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Truths:
    """The ground-truth boxes of N pictures, padded to T, the largest number in a picture.

    Attributes:
        boxes: [N, T, 4] centre x, centre y, width, height in 0-1 of the input.
        class_ids: [N, T] int64.
        track_ids: [N, T] int64, 0 where the labels have no tracks.
        valid: [N, T] bool, False for padding and for classes that the head does not know.
        rows: [N, T, values], the rows they were read from.
    """

    boxes: Tensor
    class_ids: Tensor
    track_ids: Tensor
    valid: Tensor
    rows: Tensor

    @staticmethod
    def from_rows(rows: Tensor, classes: int, *, class_at: int = 4) -> Truths:
        """Read Darknet's truth rows; a row whose x is 0 ends the rows of its picture.

        Args:
            rows: [N, boxes, 5 or more] float32: x, y, w, h, class (, track id).
            classes: truths with a class id outside 0..classes-1 are not valid.
            class_at: index of the class id within a row.

        Source: yolo_layer.c process_batch (AlexeyAB), its loops over l.max_boxes.
        """
        exists = (rows[..., 0] != 0).cumprod(1).bool()
        most = int(exists.sum(1).max()) if rows.shape[1] else 0
        rows, exists = rows[:, :most], exists[:, :most]
        ids = rows[..., class_at].long()
        has_tracks = class_at == 4 and rows.shape[-1] > 5
        track_ids = rows[..., 5].long() if has_tracks else torch.zeros_like(ids)
        valid = exists & (ids >= 0) & (ids < classes)
        return Truths(rows[..., :4], ids.clamp(0, classes - 1), track_ids, valid, rows)

    def cells(self, width: int, height: int) -> tuple[Tensor, Tensor]:
        """The cell of each truth's centre on a map of `width` x `height` cells.

        Returns:
            [N, T] column and [N, T] row, int64.

        Differs: a centre on the right or lower edge is in the last cell; Darknet writes
        into the memory of the next row.
        """
        column = (self.boxes[..., 0] * width).long().clamp(0, width - 1)
        row = (self.boxes[..., 1] * height).long().clamp(0, height - 1)
        return column, row


def best_truth(ious: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """For each of P predicted boxes, the valid truth with the largest IoU.

    Args:
        ious: [N, P, T] IoU of each predicted box with each truth.
        valid: [N, T] bool.

    Returns:
        [N, P] IoU and [N, P] index of the truth; 0 and 0 where no IoU is above 0.
    """
    if ious.shape[-1] == 0:
        zero = ious.new_zeros(ious.shape[:2])
        return zero, zero.long()
    best, index = torch.where(valid[:, None], ious, 0.0).clamp(min=0).max(-1)
    return best, torch.where(best > 0, index, 0)


def by_truth_rank(box_indices: Tensor) -> Iterator[Tensor]:
    """Split matches into rounds in which each box occurs once at most.

    Round k holds the k-th match of every box. In C's loop over truths a truth sees what the
    truth before it wrote into the same box; assigning round after round gives the same
    result without a loop over truths.

    Args:
        box_indices: [K] int64, the box of each match in the order of the truths.

    Yields:
        [k] int64, ascending positions in `box_indices`.
    """
    if not len(box_indices):
        return
    order = torch.argsort(box_indices, stable=True)
    ordered = box_indices[order]
    starts = torch.ones_like(ordered, dtype=torch.bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    positions = torch.arange(len(box_indices), device=box_indices.device)
    first = torch.where(starts, positions, 0).cummax(0).values
    rank = torch.empty_like(box_indices)
    rank[order] = positions - first
    for current in range(int(rank.max()) + 1):
        yield torch.nonzero(rank == current)[:, 0]
