"""Random numbers that depend on the seed, the iteration and the sample only. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np


class RandomStream(IntEnum):
    """The purposes of random numbers; each has its own stream, so that none affects another."""

    PICTURE = 0  # which picture
    AUGMENTATION = 1  # crop, flip, colours, whether to blur and add noise
    BOXES = 2  # the order of the boxes, then the noise
    MIXING = 3  # whether to mix pictures
    MOSAIC_CUT = 4  # where the quarters of a mosaic meet
    INPUT_SIZE = 5  # multi-scale
    RESTART = 6  # where a stream of text starts
    TRANSFORMS = 7  # the steps of the user's own list
    SHAPE = 8  # the shape of all pictures of an iteration


@dataclass(frozen=True)
class SampleSeed:
    """The seed of one sample's random numbers.

    Attributes:
        seed: seed of the run, 0 or more.
        iteration: from 0.
        slot: index of the sample within the iteration, from 0; or of a text stream.
        part: index of a picture within a mixed sample.
    """

    seed: int
    iteration: int
    slot: int = 0
    part: int = 0

    def generator(self, stream: RandomStream) -> np.random.Generator:
        """A new generator for one purpose; it always starts with the same numbers."""
        words = (self.seed, self.iteration, self.slot, self.part, int(stream))
        return np.random.default_rng(np.random.SeedSequence(words))

    def with_slot(self, slot: int) -> SampleSeed:
        """The seed of another slot in the same iteration."""
        return replace(self, slot=slot)


def uniform(random: np.random.Generator, low: float, high: float) -> float:
    """A uniform number between two bounds in any order. Source: utils.c rand_uniform_strong."""
    return interpolate(low, high, random.random())


def interpolate(low: float, high: float, fraction: float) -> float:
    """The number at `fraction`, 0-1, from the lower bound. Source: utils.c rand_precalc_random."""
    low, high = min(low, high), max(low, high)
    return fraction * (high - low) + low


def uniform_integer(random: np.random.Generator, low: int, high: int) -> int:
    """A uniform integer, both bounds included, in any order. Source: utils.c rand_int."""
    return int(random.integers(min(low, high), max(low, high) + 1))


def random_scale(random: np.random.Generator, largest: float) -> float:
    """A factor from 1 to `largest` or, as often, its inverse. Source: utils.c rand_scale."""
    scale = uniform(random, 1, largest)
    return scale if coin_flip(random) else 1 / scale


def coin_flip(random: np.random.Generator) -> bool:
    """True with probability 1/2."""
    return bool(random.integers(2))
