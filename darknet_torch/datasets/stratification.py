"""Deals pictures to parts so that each part has its share of every class. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

_ROUNDING = 1e-9  # of a sum of shares


def stratify_units(
    sizes: Sequence[int],
    boxes: Sequence[Mapping[int, int]],
    shares: np.ndarray,
    order: Sequence[int],
) -> list[int]:
    """Deal units to parts by iterative stratification.

    The units that have the rarest class left are dealt first, each to the part that lacks most
    boxes of that class, among the parts with room for all of its pictures. Units of many pictures
    are dealt before smaller ones, which make up for the differences.

    Source: Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data", 2011.
    Differs: boxes are counted, not pictures, and a part that is full gets no more pictures.

    Args:
        sizes: the number of pictures of each of U units, which stay together.
        boxes: for each unit, the number of boxes of each class that it has.
        shares: [P] the share of each part; their sum is 1.
        order: the units in the order in which equal ones are dealt.

    Returns:
        The part of each unit.
    """
    dealing = _Dealing(sizes, boxes, shares)
    for size in sorted(set(sizes), reverse=True):
        dealing.deal([unit for unit in order if sizes[unit] == size])
    return dealing.parts


class _Dealing:
    """The parts so far, and what each of them lacks."""

    def __init__(
        self, sizes: Sequence[int], boxes: Sequence[Mapping[int, int]], shares: np.ndarray
    ) -> None:
        totals: Counter[int] = Counter()
        for counts in boxes:
            totals.update(counts)
        self.parts = [0] * len(sizes)
        self._sizes, self._boxes = sizes, boxes
        self._room = shares * sum(sizes)
        self._lacking = {key: shares * total for key, total in totals.items()}

    def deal(self, units: Sequence[int]) -> None:
        """Deal units, those with the rarest class first, and those without boxes last."""
        holders: dict[int, list[int]] = {}
        for unit in units:
            for key in self._boxes[unit]:
                holders.setdefault(key, []).append(unit)
        left = Counter({key: len(found) for key, found in holders.items()})
        waiting = dict.fromkeys(units)
        while left:
            rarest = min(left, key=lambda key: (left[key], key))
            chosen = [unit for unit in holders[rarest] if unit in waiting]
            for unit in sorted(chosen, key=lambda unit: -self._boxes[unit][rarest]):
                self._give(unit, self._lacking[rarest])
                del waiting[unit]
                left.subtract(self._boxes[unit].keys())
            left = +left
        for unit in waiting:
            self._give(unit, self._room)

    def _give(self, unit: int, lacking: np.ndarray) -> None:
        """Give a unit to the part that lacks most, of those with room for it if there are any."""
        fits = self._room >= self._sizes[unit] - _ROUNDING
        if fits.any():
            part = max(np.flatnonzero(fits).tolist(), key=lambda p: (lacking[p], self._room[p]))
        else:
            part = int(np.argmax(self._room))
        self.parts[unit] = part
        self._room[part] -= self._sizes[unit]
        for key, count in self._boxes[unit].items():
            self._lacking[key][part] -= count
