"""Box sizes to find anchors for, each different size once with its count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.errors import UsageError


@dataclass(frozen=True)
class BoxSizes:
    """The different sizes of boxes, sorted by width, then height.

    Attributes:
        values: [2, U] float64, widths and heights in pixels of the network's input, above 0.
            Widths and heights are rows, since everything is computed along the boxes.
        counts: [U] int64, the number of boxes of each size.
    """

    values: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def box_count(self) -> int:
        """The number of boxes in all."""
        return int(self.counts.sum())

    @staticmethod
    def from_sizes(sizes: np.ndarray) -> BoxSizes:
        """Count the different sizes among [N, 2] widths and heights in any order.

        Sizes are rounded to float32 as in Darknet; sizes that are then equal count as one.

        Raises:
            UsageError: there are no sizes, or one is not finite or not above 0.
        """
        sizes = np.asarray(sizes, np.float32).reshape(-1, 2)
        if not len(sizes):
            raise UsageError("no boxes to fit anchors to", expected="at least one labelled box")
        if not (np.isfinite(sizes) & (sizes > 0)).all():
            raise UsageError("a box without a size", expected="widths and heights above 0")
        # Pack each size into one integer, which np.unique sorts faster than rows. The bits of
        # positive floats are in the order of their values.
        bits = np.ascontiguousarray(sizes).view(np.uint32).astype(np.uint64)
        keys, counts = np.unique(bits[:, 0] << np.uint64(32) | bits[:, 1], return_counts=True)
        halves = np.stack((keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)))
        values = halves.astype(np.uint32).view(np.float32).astype(np.float64)
        return BoxSizes(values, counts.astype(np.int64))

    def sample(self, number: int, random: np.random.Generator) -> BoxSizes:
        """At most `number` of the different sizes, drawn at random, each with its count."""
        if len(self) <= number:
            return self
        drawn = np.sort(random.choice(len(self), number, replace=False))
        return BoxSizes(self.values[:, drawn], self.counts[drawn])
