"""Truth rows of a mini-batch, and in which order they meet the same box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Truths:
    """Boxes of a mini-batch, as many columns as the fullest picture has.

    Attributes:
        boxes: [N, T, 4] centre x, centre y, width, height in 0-1 of the input.
        classes: [N, T] int64.
        tracks: [N, T] int64, 0 where there are none.
        valid: [N, T] bool.
        rows: [N, T, values] as they came.
    """

    boxes: Tensor
    classes: Tensor
    tracks: Tensor
    valid: Tensor
    rows: Tensor

    @staticmethod
    def of(rows: Tensor, classes: int, *, class_at: int = 4) -> Truths:
        """From Darknet's rows; a row whose x is 0 ends those of its picture.

        Args:
            rows: [N, boxes, 5 or more]: x, y, w, h, class (, track id), float32.
            classes: ids outside 0..classes-1 are left out.
            class_at: where the class stands.

        Source: yolo_layer.c process_batch (AlexeyAB), its loops over l.max_boxes.
        """
        there = (rows[..., 0] != 0).cumprod(1).bool()
        most = int(there.sum(1).max()) if rows.shape[1] else 0
        rows, there = rows[:, :most], there[:, :most]
        ids = rows[..., class_at].long()
        tracked = class_at == 4 and rows.shape[-1] > 5
        tracks = rows[..., 5].long() if tracked else torch.zeros_like(ids)
        valid = there & (ids >= 0) & (ids < classes)
        return Truths(rows[..., :4], ids.clamp(0, classes - 1), tracks, valid, rows)

    def cells(self, width: int, height: int) -> tuple[Tensor, Tensor]:
        """[N, T] column and row of the cell that each centre lies in.

        Differs: a centre on the right or lower edge is in the last cell; Darknet writes
        into the memory of the next row.
        """
        column = (self.boxes[..., 0] * width).long().clamp(0, width - 1)
        row = (self.boxes[..., 1] * height).long().clamp(0, height - 1)
        return column, row


def best_truth(overlaps: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """For each box its best overlap and which truth has it, 0 and the first if none has any.

    Args:
        overlaps: [N, P, T].
        valid: [N, T].

    Returns:
        [N, P] overlaps and [N, P] indices.
    """
    if overlaps.shape[-1] == 0:
        nothing = overlaps.new_zeros(overlaps.shape[:2])
        return nothing, nothing.long()
    best, index = torch.where(valid[:, None], overlaps, 0.0).clamp(min=0).max(-1)
    return best, torch.where(best > 0, index, 0)


def by_truth_rank(places: Tensor) -> Iterator[Tensor]:
    """Positions in `places` in rounds, so that no round meets a place twice.

    The k-th round holds the k-th occurrence of every place: C's loops, which let the next
    truth see what the last one wrote, without a loop over truths.

    Args:
        places: [K] int64.

    Yields:
        [k] int64, ascending.
    """
    if not len(places):
        return
    order = torch.argsort(places, stable=True)
    ordered = places[order]
    starts = torch.ones_like(ordered, dtype=torch.bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    counting = torch.arange(len(places), device=places.device)
    first = torch.where(starts, counting, 0).cummax(0).values
    rank = torch.empty_like(places)
    rank[order] = counting - first
    for turn in range(int(rank.max()) + 1):
        yield torch.nonzero(rank == turn)[:, 0]
