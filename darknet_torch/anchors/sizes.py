"""The widths and heights that anchors are fitted to, each once, with how often it occurs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.errors import UsageError


@dataclass(frozen=True)
class BoxSizes:
    """Different sizes of boxes, sorted by width, then height.

    Attributes:
        values: [2, U] float64, widths and heights in pixels of the network's input, above 0.
            A row for each, since everything is computed along the boxes.
        counts: [U] int64, how many boxes have the size.
    """

    values: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def boxes(self) -> int:
        """How many boxes there are in all."""
        return int(self.counts.sum())

    @staticmethod
    def from_sizes(sizes: np.ndarray) -> BoxSizes:
        """From [N, 2] widths and heights in any order.

        They are held as float32 holds them, as in Darknet: what differs by less is the same.

        Raises:
            UsageError: there is none, or one is not above 0 and finite.
        """
        sizes = np.asarray(sizes, np.float32).reshape(-1, 2)
        if not len(sizes):
            raise UsageError("no boxes to fit anchors to", expected="at least one labelled box")
        if not (np.isfinite(sizes) & (sizes > 0)).all():
            raise UsageError("a box without a size", expected="widths and heights above 0")
        # As one integer a size: np.unique sorts these faster than rows. The order of the bits
        # of positive floats is that of their values.
        bits = np.ascontiguousarray(sizes).view(np.uint32).astype(np.uint64)
        keys, counts = np.unique(bits[:, 0] << np.uint64(32) | bits[:, 1], return_counts=True)
        halves = np.stack((keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)))
        values = halves.astype(np.uint32).view(np.float32).astype(np.float64)
        return BoxSizes(values, counts.astype(np.int64))

    def sample(self, number: int, random: np.random.Generator) -> BoxSizes:
        """At most `number` of the sizes, drawn at random, each with its count."""
        if len(self) <= number:
            return self
        drawn = np.sort(random.choice(len(self), number, replace=False))
        return BoxSizes(self.values[:, drawn], self.counts[drawn])
