"""The boxes of a head that have a truth, where several truths may have one box."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class TruthBoxes:
    """The boxes of P pairs, each of a box and a truth; some pairs may not be chosen.

    Attributes:
        index: [P] int64, the box of each pair among the M boxes of a head.
        chosen: [P] 1 for the pairs that are trained, else 0.
        count: M.
    """

    index: Tensor
    chosen: Tensor
    count: int

    def largest(self, values: Tensor) -> Tensor:
        """[M]: of each box the largest of its chosen pairs' values [P], which are not negative."""
        zeros = values.new_zeros(self.count)
        return zeros.scatter_reduce(0, self.index, values * self.chosen.to(values.dtype), "amax")

    @cached_property
    def _last(self) -> Tensor:
        """[P] the number of the last chosen pair of each pair's box, from 1; 0 without one."""
        numbers = torch.arange(1, len(self.index) + 1, device=self.index.device)
        return self.largest(numbers)[self.index]

    @cached_property
    def is_last(self) -> Tensor:
        """[P] bool: a chosen pair that is the last of its box, so that a box counts once."""
        return self._last == torch.arange(1, len(self.index) + 1, device=self.index.device)

    def all_classes(self, class_ids: Tensor, classes: int) -> Tensor:
        """[P, classes] 1 for all classes of the truths of a box, in the row of its last pair.

        Args:
            class_ids: [P] int64.
            classes: how many there are.
        """
        rows = self.chosen.new_zeros(len(self.index) * classes)
        at = (self._last - 1).clamp(min=0) * classes + class_ids
        return rows.scatter_reduce(0, at, self.chosen, "amax").reshape(-1, classes)
