"""The middle of the boxes of each cluster."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from darknet_torch.anchors.sizes import BoxSizes


class Centres(Protocol):
    """Moves anchors to the middle of their boxes."""

    def move(self, anchors: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """The middles of the boxes; an anchor without boxes stays.

        Args:
            anchors: [k, 2].
            indices: [U], the anchor of each size.

        Returns:
            [k, 2].
        """


class Means:
    """Mean widths and heights. Source: matrix.c kmeans_maximization (AlexeyAB)."""

    def __init__(self, boxes: BoxSizes) -> None:
        self.counts = boxes.counts
        self.sums = boxes.values * boxes.counts

    def move(self, anchors: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """`Centres.move`."""
        number = len(anchors)
        counts = np.bincount(indices, self.counts, number)
        sums = [np.bincount(indices, values, number) for values in self.sums]
        filled = (counts > 0)[:, None]
        return np.where(filled, np.stack(sums, 1) / np.maximum(counts, 1)[:, None], anchors)


class Medians:
    """Median widths and heights, the lower one of two.

    The boxes are sorted once by width and once by height; a stable sort by anchor then
    leaves the boxes of each anchor in order.
    """

    def __init__(self, boxes: BoxSizes) -> None:
        self.orders = [np.argsort(values, kind="stable") for values in boxes.values]
        self.values = [boxes.values[side][order] for side, order in enumerate(self.orders)]
        self.counts = [boxes.counts[order] for order in self.orders]

    def move(self, anchors: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """`Centres.move`."""
        moved = anchors.copy()
        for side, order in enumerate(self.orders):
            mine = indices[order]
            grouped = np.argsort(mine, kind="stable")
            totals = np.cumsum(self.counts[side][grouped])
            ends = np.cumsum(np.bincount(mine, minlength=len(anchors)))
            filled = np.diff(ends, prepend=0) > 0
            after = totals[ends[filled] - 1]
            before = np.concatenate(([0], after[:-1]))
            middle = np.searchsorted(totals, (before + after + 1) // 2)
            moved[filled, side] = self.values[side][grouped[middle]]
        return moved
