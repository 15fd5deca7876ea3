"""Mini-batches for training, made in worker processes before they are needed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from darknet_torch.augment.source import SampleRequest, SampleSource
from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import DarknetError, UsageError

_PREFETCH = 4  # mini-batches that each worker prepares in advance


@dataclass(frozen=True)
class TrainBatch:
    """The samples of one mini-batch.

    Attributes:
        images: [N, C, H, W] float32 RGB in 0-1; [N, inputs, 1, 1] for text.
        truths: [N, ...] float32, in the form that the network's loss takes.
        paths: the pictures in it; a sample may be mixed from several.
        problems: the faults met while they were read.
        restarts: indices, from 0, of those text streams of this rank whose recurrent state is
            reset before this mini-batch.
        iteration, subdivision: which mini-batch of the run it is, from 0.
    """

    images: Tensor
    truths: Tensor
    paths: Sequence[str] = ()
    problems: Sequence[Problem] = ()
    restarts: Sequence[int] = ()
    iteration: int = 0
    subdivision: int = 0

    def to(self, device: torch.device) -> TrainBatch:
        """A copy on `device`."""
        images = self.images.to(device, non_blocking=True)
        return replace(self, images=images, truths=self.truths.to(device, non_blocking=True))

    def pin_memory(self) -> TrainBatch:
        """A copy in page-locked memory; DataLoader calls this."""
        images = _as_floats(self.images).pin_memory()
        return replace(self, images=images, truths=self.truths.pin_memory())


@dataclass(frozen=True)
class _Task:
    """Which mini-batch a worker is to make."""

    subdivision: int
    request: SampleRequest


@dataclass(frozen=True)
class Batches:
    """The mini-batches of a run, in order.

    A mini-batch depends only on the source, the seed and its place in the run. So any number of
    workers gives the same mini-batches, a run can resume where another stopped, and the ranks of
    a distributed run share the samples that one process would see.

    Args:
        source: makes the samples.
        batch, subdivisions, time_steps: those of [net].
        seed: the seed of the run, 0 or more.
        size_of: gives width and height of the network's input in an iteration.
        start, stop: the first iteration, and the one before which to stop; None for no end.
        mini_batch_of: gives the samples per step in an iteration, if they vary with the size.
        workers: processes that make mini-batches; 0 makes them in this process.
        rank, world_size: which of the processes that train together this is, and how many.
        pin_memory: put the tensors into page-locked memory, for copies to a CUDA device.

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
        """Iterate from `start` on.

        Raises:
            DarknetError: the source cannot make a mini-batch.
        """
        loader = DataLoader(
            _BatchMaker(self.source),
            sampler=_TaskSampler(self),
            batch_size=None,
            num_workers=self.workers,
            prefetch_factor=_PREFETCH if self.workers else None,
            worker_init_fn=_start_worker,
            pin_memory=self.pin_memory,
            # DataLoader draws a seed that nothing uses: not from the run's own generator.
            generator=torch.Generator(),
        )
        for made in loader:
            # Returned, not raised: DataLoader would put a traceback into the message.
            if isinstance(made, DarknetError):
                raise made
            # Bytes until here: a quarter of the memory to copy between processes.
            yield replace(made, images=_as_floats(made.images))

    def tasks(self) -> Iterator[_Task]:
        """The mini-batches to make, in order."""
        iteration = self.start
        while self.stop is None or iteration < self.stop:
            width, height = self.size_of(iteration)
            for subdivision in range(self.subdivisions):
                slots = self._slots(iteration, subdivision)
                yield _Task(subdivision, SampleRequest(self.seed, iteration, slots, height, width))
            iteration += 1

    def _slots(self, iteration: int, subdivision: int) -> tuple[int, ...]:
        """The slots of this rank: neighbours in every step, in pairs where these divide evenly."""
        given = self.batch // self.subdivisions
        size = self.mini_batch_of(iteration) if self.mini_batch_of else given
        unit = 2 if size % (2 * self.world_size) == 0 else 1
        units = size // unit
        first = units * self.rank // self.world_size * unit
        last = units * (self.rank + 1) // self.world_size * unit
        base = subdivision * size * self.time_steps
        return tuple(
            base + step * size + slot
            for step in range(self.time_steps)
            for slot in range(first, last)
        )


class _TaskSampler:
    """A sampler for DataLoader: yields the tasks."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[_Task]:
        return self.batches.tasks()


class _BatchMaker(Dataset[TrainBatch | DarknetError]):
    """A data set for DataLoader, indexed by tasks: makes their mini-batches."""

    def __init__(self, source: SampleSource) -> None:
        self.source = source

    def __getitem__(self, task: _Task) -> TrainBatch | DarknetError:
        try:
            loaded = self.source.load(task.request)
        except DarknetError as error:
            return error
        return TrainBatch(
            torch.from_numpy(loaded.images),
            torch.from_numpy(loaded.truths),
            list(loaded.paths),
            list(loaded.problems),
            list(loaded.restarts),
            task.request.iteration,
            task.subdivision,
        )


def _as_floats(images: Tensor) -> Tensor:
    return images.float().div_(255) if images.dtype == torch.uint8 else images


def _start_worker(worker: int) -> None:
    """Use one thread per worker, since the workers run in parallel; leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
