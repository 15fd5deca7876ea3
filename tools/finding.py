"""The outcome of a comparison."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """An error, as a part of what is allowed, and its place."""

    error: float
    place: str

    @property
    def passed(self) -> bool:
        """Whether it lies within the tolerance; NaN does not."""
        return self.error <= 1.0

    def __str__(self) -> str:
        return f"worst {self.error:.3f} of the tolerance at {self.place}"


def worst(findings: Iterable[Finding]) -> Finding:
    """The one with the largest error; NaN is larger than any."""
    return max(findings, key=lambda f: math.inf if math.isnan(f.error) else f.error)
