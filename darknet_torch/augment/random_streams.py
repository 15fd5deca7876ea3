"""Random numbers that depend on nothing but their place in the run. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np


class RandomStream(IntEnum):
    """What a stream of random numbers is for; each has its own, so that none moves another."""

    PICTURE = 0
    AUGMENTATION = 1
    BOXES = 2
    MIXING = 3
    MOSAIC_CUT = 4
    INPUT_SIZE = 5
    RESTART = 6


@dataclass(frozen=True)
class SampleSeed:
    """A place in a run.

    Attributes:
        seed: of the run, 0 or more.
        iteration: from 0.
        slot: of a sample within the iteration, from 0; or of a stream of text.
        part: which of the pictures that one sample is mixed from.
    """

    seed: int
    iteration: int
    slot: int = 0
    part: int = 0

    def generator(self, stream: RandomStream) -> np.random.Generator:
        """The numbers of this place for `purpose`: the same whoever asks, and how often."""
        words = (self.seed, self.iteration, self.slot, self.part, int(stream))
        return np.random.default_rng(np.random.SeedSequence(words))

    def with_slot(self, slot: int) -> SampleSeed:
        """The same place at another slot."""
        return replace(self, slot=slot)


def uniform(random: np.random.Generator, low: float, high: float) -> float:
    """Uniform between two numbers in either order. Source: utils.c rand_uniform_strong."""
    return interpolate(low, high, random.random())


def interpolate(low: float, high: float, part: float) -> float:
    """The number at `part`, 0-1, of the way up. Source: utils.c rand_precalc_random."""
    low, high = min(low, high), max(low, high)
    return part * (high - low) + low


def uniform_integer(random: np.random.Generator, low: int, high: int) -> int:
    """A whole number, both ends included, in either order. Source: utils.c rand_int."""
    return int(random.integers(min(low, high), max(low, high) + 1))


def random_scale(random: np.random.Generator, most: float) -> float:
    """A factor up to `most`, or its inverse, as often. Source: utils.c rand_scale."""
    scale = uniform(random, 1, most)
    return scale if coin_flip(random) else 1 / scale


def coin_flip(random: np.random.Generator) -> bool:
    """True as often as not."""
    return bool(random.integers(2))
