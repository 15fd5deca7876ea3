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
    Differs: boxes are counted, not pictures; a part that is full gets no more pictures; and a
    part lacks its share of the boxes dealt so far, not of all, since else the largest part gets
    all crowded pictures, which come first, and the others are full before they have their share.

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
    """The parts so far, and the pictures and boxes of each."""

    def __init__(
        self, sizes: Sequence[int], boxes: Sequence[Mapping[int, int]], shares: np.ndarray
    ) -> None:
        self.parts = [0] * len(sizes)
        self._sizes, self._boxes, self._shares = sizes, boxes, shares
        self._pictures, self._total = np.zeros(len(shares)), sum(sizes)
        self._given = {key: np.zeros(len(shares)) for counts in boxes for key in counts}

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
                self._give(unit, self._given[rarest], self._boxes[unit][rarest])
                del waiting[unit]
                left.subtract(self._boxes[unit].keys())
            left = +left
        for unit in waiting:
            self._give(unit, self._pictures, self._sizes[unit])

    def _give(self, unit: int, given: np.ndarray, count: int) -> None:
        """Give a unit to the part that lacks most, of those with room for it if there are any.

        Args:
            unit: the unit.
            given: [P] what each part has of what the unit brings.
            count: how many the unit brings.
        """
        lacking = self._shares * (given.sum() + count) - given
        room = self._shares * self._total - self._pictures
        fits = np.flatnonzero(room >= self._sizes[unit] - _ROUNDING).tolist()
        part = max(fits, key=lambda part: lacking[part]) if fits else int(np.argmax(room))
        self.parts[unit] = part
        self._pictures[part] += self._sizes[unit]
        for key, number in self._boxes[unit].items():
            self._given[key][part] += number
