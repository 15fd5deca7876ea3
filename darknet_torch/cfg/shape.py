"""The shape of the activations of one picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Channels, height, width. A flat vector of n values is ``Shape(n, 1, 1)``."""

    channels: int
    height: int
    width: int

    @property
    def count(self) -> int:
        """The number of values: channels * height * width."""
        return self.channels * self.height * self.width

    @property
    def area(self) -> int:
        """The number of positions: height * width."""
        return self.height * self.width

    def __str__(self) -> str:
        return f"{self.channels}x{self.height}x{self.width} (channels x height x width)"
