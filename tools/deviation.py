"""The deviation of a computed value from a recorded one, relative to the tolerance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """A deviation from a record.

    Attributes:
        error: the error divided by the tolerance.
        place: where it occurs, for messages.
    """

    error: float
    place: str

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance; NaN is not."""
        return self.error <= 1.0

    def __str__(self) -> str:
        return f"worst {self.error:.3f} of the tolerance at {self.place}"


def worst(deviations: Iterable[Deviation]) -> Deviation:
    """Return the deviation with the largest error; NaN counts as larger than any number."""
    return max(deviations, key=lambda f: math.inf if math.isnan(f.error) else f.error)
