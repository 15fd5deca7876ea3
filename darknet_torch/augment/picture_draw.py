"""Draws the picture of a sample: any of them alike, some more often, or those of one shape.

No torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from darknet_torch.augment.random_streams import RandomStream, SampleSeed


class PictureDraw(Protocol):
    """Draws pictures with replacement."""

    def index(self, random: np.random.Generator, seed: SampleSeed, count: int) -> int:
        """Draw the index of a picture.

        Args:
            random: the random numbers to draw with.
            seed: the sample; what is drawn may depend on its iteration.
            count: number of pictures.
        """
        ...


@dataclass(frozen=True)
class UniformDraw:
    """Every picture is drawn equally often, as in Darknet."""

    def index(self, random: np.random.Generator, seed: SampleSeed, count: int) -> int:
        return int(random.integers(count))


UNIFORM = UniformDraw()


@dataclass(frozen=True)
class WeightedDraw:
    """Pictures are drawn as often as their weights say.

    Attributes:
        weights: a number above 0 for each picture.
    """

    weights: tuple[float, ...]

    def index(self, random: np.random.Generator, seed: SampleSeed, count: int) -> int:
        return _draw(random, self._ends)

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum(self.weights)


@dataclass(frozen=True)
class ShapeDraw:
    """All pictures of an iteration have nearly one shape, that of a group.

    Groups are drawn as often as their pictures would be without groups.

    Attributes:
        groups: the indices of the pictures of each group.
        aspects: width / height of each group.
        weights: a number above 0 for each picture; None for equal ones.
    """

    groups: tuple[tuple[int, ...], ...]
    aspects: tuple[float, ...]
    weights: tuple[float, ...] | None = None

    def index(self, random: np.random.Generator, seed: SampleSeed, count: int) -> int:
        group = self._group_of(seed.seed, seed.iteration)
        return self.groups[group][_draw(random, self._ends_in_groups[group])]

    def aspect_of(self, seed: int, iteration: int) -> float:
        """Width / height of the pictures of an iteration, in the run of a seed."""
        return self.aspects[self._group_of(seed, iteration)]

    def _group_of(self, seed: int, iteration: int) -> int:
        random = SampleSeed(seed, iteration).generator(RandomStream.SHAPE)
        return _draw(random, self._ends_of_groups)

    @cached_property
    def _ends_in_groups(self) -> list[np.ndarray]:
        return [np.cumsum(self._weights_of(group)) for group in self.groups]

    @cached_property
    def _ends_of_groups(self) -> np.ndarray:
        return np.cumsum([ends[-1] for ends in self._ends_in_groups])

    def _weights_of(self, group: Sequence[int]) -> np.ndarray:
        if self.weights is None:
            return np.ones(len(group))
        return np.array([self.weights[index] for index in group])


def _draw(random: np.random.Generator, ends: np.ndarray) -> int:
    """Draw an index; `ends` are the sums of the weights up to each, its own included."""
    return min(int(np.searchsorted(ends, random.random() * ends[-1], "right")), len(ends) - 1)
