"""Mini-batches for training, made by worker processes ahead of their use."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from darknet_torch.augment.source import Request, SampleSource
from darknet_torch.datasets.model import Problem
from darknet_torch.errors import DarknetError, UsageError

_AHEAD = 4  # mini-batches per worker that wait to be used


@dataclass(frozen=True)
class TrainBatch:
    """The samples of one mini-batch.

    Attributes:
        images: [N, C, H, W] float32 RGB in 0-1; [N, inputs, 1, 1] for text.
        truths: [N, ...] float32, in the form that the network's loss takes.
        paths: of the pictures in it; a sample may be made of several.
        problems: what was met while they were read.
        restarts: which of this rank's streams of text, from 0, are to forget their state before
            this mini-batch.
        iteration, subdivision: its place in the run, from 0.
    """

    images: Tensor
    truths: Tensor
    paths: list[str]
    problems: list[Problem]
    restarts: list[int]
    iteration: int
    subdivision: int

    def pin_memory(self) -> TrainBatch:
        """The same in page-locked memory; DataLoader asks for it."""
        images = _as_floats(self.images).pin_memory()
        return replace(self, images=images, truths=self.truths.pin_memory())


@dataclass(frozen=True)
class _Place:
    """Which mini-batch to make: the task of a worker."""

    subdivision: int
    request: Request


@dataclass(frozen=True)
class Batches:
    """The mini-batches of a run, in order.

    A mini-batch depends on the source, the seed and its place alone, so that any number of
    workers gives the same ones, a run may go on where another stopped, and the ranks of a
    distributed run share what one process would see.

    Args:
        source: where samples come from.
        batch, subdivisions, time_steps: of [net].
        seed: of the run, 0 or more.
        size_of: width and height of the network's input in an iteration.
        start, stop: iterations, the latter excluded; None for a run without end.
        mini_batch_of: samples of a step in an iteration, where it changes with the size.
        workers: processes that make mini-batches; 0 for this one.
        rank, world_size: of this process among those that train together.
        pin_memory: for copies to a CUDA device.

    Raises:
        UsageError: a number is out of its bounds.
    """

    source: SampleSource
    batch: int
    subdivisions: int
    seed: int
    size_of: Callable[[int], tuple[int, int]]
    time_steps: int = 1
    start: int = 0
    stop: int | None = None
    mini_batch_of: Callable[[int], int] | None = None
    workers: int = 0
    rank: int = 0
    world_size: int = 1
    pin_memory: bool = False

    def __post_init__(self) -> None:
        bounds = {"seed": 0, "workers": 0, "start": 0}
        for name, least in bounds.items():
            if getattr(self, name) < least:
                raise UsageError(
                    f"{name} is out of its bounds",
                    expected=f"{least} or more",
                    got=getattr(self, name),
                )
        if self.batch // self.subdivisions < self.world_size:
            raise UsageError(
                "a mini-batch has fewer samples than there are processes to share it",
                expected=f"batch={self.subdivisions * self.world_size} or more",
                got=f"batch={self.batch}, subdivisions={self.subdivisions}",
            )

    def __iter__(self) -> Generator[TrainBatch]:
        """From `start` on.

        Raises:
            DarknetError: the source has nothing more to give.
        """
        loader = DataLoader(
            _Tasks(self.source),
            sampler=_Places(self),
            batch_size=None,
            num_workers=self.workers,
            prefetch_factor=_AHEAD if self.workers else None,
            worker_init_fn=_start_worker,
            pin_memory=self.pin_memory,
            # DataLoader draws a number that nothing here uses; not from the run's generator.
            generator=torch.Generator(),
        )
        for made in loader:
            # A worker's exception would come with a traceback in its text.
            if isinstance(made, DarknetError):
                raise made
            # Bytes until here: a quarter to copy from process to process.
            yield replace(made, images=_as_floats(made.images))

    def places(self) -> Iterator[_Place]:
        """The mini-batches to make."""
        iteration = self.start
        while self.stop is None or iteration < self.stop:
            width, height = self.size_of(iteration)
            for subdivision in range(self.subdivisions):
                slots = self._slots(iteration, subdivision)
                yield _Place(subdivision, Request(self.seed, iteration, slots, height, width))
            iteration += 1

    def _slots(self, iteration: int, subdivision: int) -> tuple[int, ...]:
        """Those of this rank: neighbouring ones of every step, in pairs where that fits."""
        given = self.batch // self.subdivisions
        size = self.mini_batch_of(iteration) if self.mini_batch_of else given
        unit = 2 if size % (2 * self.world_size) == 0 else 1
        units = size // unit
        first = units * self.rank // self.world_size * unit
        last = units * (self.rank + 1) // self.world_size * unit
        base = subdivision * size * self.time_steps
        return tuple(
            base + step * size + place
            for step in range(self.time_steps)
            for place in range(first, last)
        )


class _Places:
    """A sampler as DataLoader takes it."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[_Place]:
        return self.batches.places()


class _Tasks(Dataset[TrainBatch | DarknetError]):
    """Makes the mini-batch that a `_Place` describes."""

    def __init__(self, source: SampleSource) -> None:
        self.source = source

    def __getitem__(self, place: _Place) -> TrainBatch | DarknetError:
        try:
            loaded = self.source.load(place.request)
        except DarknetError as error:
            return error
        return TrainBatch(
            torch.from_numpy(loaded.images),
            torch.from_numpy(loaded.truths),
            list(loaded.paths),
            list(loaded.problems),
            list(loaded.restarts),
            place.request.iteration,
            place.subdivision,
        )


def _as_floats(images: Tensor) -> Tensor:
    return images.float().div_(255) if images.dtype == torch.uint8 else images


def _start_worker(worker: int) -> None:
    """One thread each: the workers are what runs at the same time. Ctrl-C is for their parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
