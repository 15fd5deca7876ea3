"""Multi-scale training: the size of the network's input in each iteration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from darknet_torch.augment.random_streams import (
    RandomStream,
    SampleSeed,
    random_scale,
    uniform_integer,
)
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions

_DEFAULT_FACTOR = 1.4
_PERIOD = 10  # iterations of one size
_CLASSIFIER_PERIOD = 40
_LAST = 100  # final iterations at the largest size, in which rolling means settle
_LAST_FIXED = 200
_STEP, _STEPS, _LARGEST = 32, (10, 19), 608  # pjreddie's detectors: pixels, steps, pixels
_CLASSIFIER_STEPS = (4, 14)
_SPARE = 0.8  # part used of the memory that a smaller input leaves free


class InputSizes(Protocol):
    """The size of the network's input in each iteration."""

    @property
    def dynamic(self) -> bool:
        """Whether mini-batches grow where the input shrinks."""
        ...

    @property
    def largest(self) -> tuple[int, int]:
        """The largest width and height that may occur together."""
        ...

    def at(self, iteration: int) -> InputSizes:
        """The sizes of the phase of an iteration."""
        ...

    def size_of(self, iteration: int) -> tuple[int, int]:
        """Width and height of an iteration, from 0."""
        ...

    def mini_batch_of(self, iteration: int) -> int:
        """Samples per forward pass in an iteration."""
        ...


@dataclass(frozen=True)
class MultiScale:
    """Input sizes that depend on the seed and the iteration alone.

    Attributes:
        width, height: those of the cfg, pixels.
        kind: "fixed", "factor" (AlexeyAB), "steps" (pjreddie) or "classifier" (pjreddie).
        random: the largest factor.
        step: sizes are multiples of it, pixels.
        max_batches: iterations of the run; 0 for no end.
        seed: the seed of the run.
        mini_batch: samples per forward pass at the cfg's size.
        dynamic: whether mini-batches grow where the input shrinks.
    """

    width: int
    height: int
    kind: str
    random: float
    step: int
    max_batches: int
    seed: int
    mini_batch: int
    dynamic: bool

    @staticmethod
    def from_options(
        net: NetOptions, dialect: Dialect, *, seed: int, random: float | None = None
    ) -> MultiScale:
        """The sizes that the cfg asks for.

        Args:
            random: random= of the last detection head; None for a classifier, where that of
                [net] counts.
        """
        by_factor = dialect.training_data.multiscale_by_factor
        kind = "fixed"
        if random:
            kind = "factor" if by_factor else "steps"
        elif random is None and net.random and not by_factor:
            kind = "classifier"
        return MultiScale(
            width=net.width,
            height=net.height,
            kind=kind,
            random=_DEFAULT_FACTOR if random in (None, 0, 1) else float(random),
            step=net.resize_step,
            max_batches=net.max_batches,
            seed=seed,
            mini_batch=max(1, net.batch // net.subdivisions),
            dynamic=net.dynamic_minibatch and kind == "factor",
        )

    @property
    def fixed(self) -> bool:
        """Whether all iterations have the cfg's own size."""
        return self.kind == "fixed"

    def at(self, iteration: int) -> MultiScale:
        """The sizes of the phase of an iteration: those of all."""
        return self

    @property
    def ignores_size(self) -> bool:
        """Whether the sizes do not depend on that of the cfg."""
        return self.kind in ("steps", "classifier")

    @property
    def largest(self) -> tuple[int, int]:
        """The largest width and height that may occur."""
        if self.kind == "factor":
            return self._scaled(self.random)
        if self.fixed:
            return self.width, self.height
        side = _LARGEST if self.kind == "steps" else _CLASSIFIER_STEPS[1] * _STEP
        return side, side

    def size_of(self, iteration: int) -> tuple[int, int]:
        """Width and height of an iteration, from 0.

        Source: detector.c train_detector (both code bases), classifier.c train_classifier
        (pjreddie).
        Differs: sizes change at iterations divisible by 10 (40), not so many iterations after the
        start of the program, so that a resumed run has the sizes of an uninterrupted one.
        """
        if self.fixed:
            return self.width, self.height
        period = _CLASSIFIER_PERIOD if self.kind == "classifier" else _PERIOD
        first = iteration // period * period
        numbers = SampleSeed(self.seed, first).generator(RandomStream.INPUT_SIZE)
        if self.kind == "factor":
            return self._by_factor(first, numbers)
        if self.kind == "steps" and self._ends_within(first, _LAST_FIXED):
            return _LARGEST, _LARGEST
        bounds = _STEPS if self.kind == "steps" else _CLASSIFIER_STEPS
        side = uniform_integer(numbers, *bounds) * _STEP
        return side, side

    def mini_batch_of(self, iteration: int) -> int:
        """Samples per forward pass in an iteration.

        Source: detector.c train_detector (AlexeyAB).
        """
        if not self.dynamic:
            return self.mini_batch
        width, height = self.size_of(iteration)
        wide, high = self.largest
        fitting = self.mini_batch * wide * high // (width * height)
        spared = int(fitting * _SPARE)
        return spared if spared > self.mini_batch else fitting

    def _by_factor(self, first: int, numbers: np.random.Generator) -> tuple[int, int]:
        if first == 0 or self._ends_within(first, _LAST):
            return self._scaled(self.random)
        chosen = random_scale(numbers, self.random)
        width, height = self._scaled(chosen)
        # The extra step that C adds may make a smaller input larger.
        if chosen < 1 and (width > self.width or height > self.height):
            width, height = self.width, self.height
        return max(width, self.step), max(height, self.step)

    def _ends_within(self, first: int, last: int) -> bool:
        return bool(self.max_batches) and first + last > self.max_batches

    def _scaled(self, by: float) -> tuple[int, int]:
        width, height = (
            math.floor(np.float32(by) * np.float32(side) / np.float32(self.step) + 1 + 0.5)
            * self.step
            for side in (self.width, self.height)
        )
        return width, height


@dataclass(frozen=True)
class PhasedScale:
    """Input sizes of a training in phases, with the interface of `MultiScale`.

    Attributes:
        parts: the first iteration of each phase, from 0, and its sizes.
    """

    parts: tuple[tuple[int, MultiScale], ...]

    def at(self, iteration: int) -> MultiScale:
        """The sizes of the phase of an iteration."""
        return [sizes for first, sizes in self.parts if first <= iteration][-1]

    @property
    def dynamic(self) -> bool:
        """Whether mini-batches grow where the input shrinks."""
        return self.parts[0][1].dynamic

    @property
    def largest(self) -> tuple[int, int]:
        """The largest width and height that may occur."""
        return max((sizes.largest for _, sizes in self.parts), key=math.prod)

    def size_of(self, iteration: int) -> tuple[int, int]:
        """Width and height of an iteration, from 0."""
        return self.at(iteration).size_of(iteration)

    def mini_batch_of(self, iteration: int) -> int:
        """Samples per forward pass in an iteration."""
        return self.at(iteration).mini_batch_of(iteration)
