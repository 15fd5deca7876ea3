"""The interface of sample sources: a request for samples, and the samples. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from darknet_torch.augment.random_streams import SampleSeed
from darknet_torch.datasets.examples import Problem


@dataclass(frozen=True)
class SampleRequest:
    """A request for some samples of one iteration.

    Attributes:
        seed: seed of the run.
        iteration: from 0.
        slots: the indices of the samples within the iteration.
        height: height of the network's input in pixels; 0 if it is not a picture.
        width: width of the network's input in pixels; 0 if it is not a picture.
    """

    seed: int
    iteration: int
    slots: tuple[int, ...]
    height: int
    width: int

    @property
    def sample_seeds(self) -> list[SampleSeed]:
        """The seed of each sample."""
        return [SampleSeed(self.seed, self.iteration, slot) for slot in self.slots]


@dataclass(frozen=True)
class Sample:
    """One training sample.

    Attributes:
        image: [C, H, W] RGB or grey, uint8 or float32 in 0-1.
        truth: float32, in the shape that the network's loss takes.
        paths: the pictures it is made of.
        problems: pictures that could not be read.
    """

    image: np.ndarray
    truth: np.ndarray
    paths: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class SampleBatch:
    """The samples of a request, in the order of its slots.

    Attributes:
        images: [N, C, H, W] RGB or grey, uint8 or float32 in 0-1; uint8 is faster to send to
            another process.
        truths: [N, ...] float32.
        paths: the pictures that the samples are made of.
        problems: pictures that could not be read.
        restarts: for text, the indices among the requested streams that start at a new
            position with this request.
    """

    images: np.ndarray
    truths: np.ndarray
    paths: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    restarts: tuple[int, ...] = ()

    @staticmethod
    def stack(samples: Sequence[Sample]) -> SampleBatch:
        """Stack one or more samples of equal sizes."""
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
    """Convert uint8 to float32 in 0-1; return float32 unchanged."""
    return images / np.float32(255) if images.dtype == np.uint8 else images


class SampleSource(Protocol):
    """Makes samples. They depend on the request and on nothing else.

    Attributes:
        problems: problems of the data set that are known before the first request.
    """

    @property
    def problems(self) -> tuple[Problem, ...]: ...

    def load(self, request: SampleRequest) -> SampleBatch:
        """Make the requested samples.

        Raises:
            UsageError: no usable data is left.
        """
        ...


class PerSampleSource:
    """The base of sources that make their samples one by one."""

    def load(self, request: SampleRequest) -> SampleBatch:
        """Make the requested samples.

        Raises:
            UsageError: no picture can be read.
        """
        height, width = request.height, request.width
        return SampleBatch.stack(
            [self.sample(seed, height, width) for seed in request.sample_seeds]
        )

    def sample(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """Make the sample of a seed for an input of `height` x `width` pixels."""
        raise NotImplementedError
