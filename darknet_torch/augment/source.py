"""What a source of training samples is asked and answers. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from darknet_torch.augment.random_streams import SampleSeed
from darknet_torch.datasets.examples import Problem


@dataclass(frozen=True)
class SampleRequest:
    """Some samples of one iteration.

    Attributes:
        seed: of the run.
        iteration: from 0.
        slots: of the samples, within the iteration.
        height, width: of the network's input, pixels; 0 where it is no picture.
    """

    seed: int
    iteration: int
    slots: tuple[int, ...]
    height: int
    width: int

    @property
    def sample_seeds(self) -> list[SampleSeed]:
        """The place of each sample."""
        return [SampleSeed(self.seed, self.iteration, slot) for slot in self.slots]


@dataclass(frozen=True)
class Sample:
    """One sample.

    Attributes:
        image: [C, H, W] RGB, uint8 or float32 in 0-1.
        truth: float32, in the form that the network's loss takes.
        paths: of the pictures it is made of.
        problems: what was met on the way.
    """

    image: np.ndarray
    truth: np.ndarray
    paths: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class SampleBatch:
    """The samples of a request, in the order of its slots.

    Attributes:
        images: [N, C, H, W] RGB, uint8 or float32 in 0-1; bytes are sooner sent to another
            process.
        truths: [N, ...] float32.
        paths: of the pictures they are made of.
        problems: what was met on the way.
        restarts: which of the streams asked for, from 0, start elsewhere with this request.
    """

    images: np.ndarray
    truths: np.ndarray
    paths: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    restarts: tuple[int, ...] = ()

    @staticmethod
    def stack(samples: Sequence[Sample]) -> SampleBatch:
        """Samples of equal sizes, one or more, as one answer."""
        images = [sample.image for sample in samples]
        if any(image.dtype != np.uint8 for image in images):
            images = [as_floats(image) for image in images]
        return SampleBatch(
            np.stack(images),
            np.stack([sample.truth for sample in samples]),
            tuple(path for sample in samples for path in sample.paths),
            tuple(problem for sample in samples for problem in sample.problems),
        )


def as_floats(images: np.ndarray) -> np.ndarray:
    """Bytes as float32 in 0-1; others as they are."""
    return images / np.float32(255) if images.dtype == np.uint8 else images


class SampleSource(Protocol):
    """Where samples come from: a pure function of the request.

    Attributes:
        problems: what is known to be wrong before the first request.
    """

    @property
    def problems(self) -> tuple[Problem, ...]: ...

    def load(self, request: SampleRequest) -> SampleBatch:
        """The samples asked for.

        Raises:
            UsageError: nothing usable is left.
        """
        ...


class PerSampleSource:
    """A source whose samples are made one by one."""

    def load(self, request: SampleRequest) -> SampleBatch:
        """The samples asked for: images [N, C, H, W] and a truth for each.

        Raises:
            UsageError: no picture can be read.
        """
        height, width = request.height, request.width
        return SampleBatch.stack(
            [self.sample(seed, height, width) for seed in request.sample_seeds]
        )

    def sample(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """The sample of a place, for an input of `height` x `width` pixels."""
        raise NotImplementedError
