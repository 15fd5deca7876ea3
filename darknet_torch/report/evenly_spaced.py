"""A bounded number of items from a sequence whose length is not known before. No torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class EvenlySpaced(Generic[_Item]):
    """Keeps every item, then every second, fourth, ... as more come.

    Args:
        most: items to keep, an even number.

    Attributes:
        step: every `step`-th item is kept, from the first one on.
        seen: number of items so far.
    """

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, list[_Item]()
        self.step, self.seen = 1, 0

    def offer(self, make: Callable[[], _Item]) -> None:
        """Count an item, and make and keep it if it is its turn.

        Args:
            make: makes the item; not called for one that is not kept.
        """
        if self.seen % self.step == 0 and len(self._kept) == self._most:
            self._kept = self._kept[::2]
            self.step *= 2
        if self.seen % self.step == 0:
            self._kept.append(make())
        self.seen += 1

    @property
    def kept(self) -> list[_Item]:
        """The items that are kept, at most `most`, in order."""
        return list(self._kept)
