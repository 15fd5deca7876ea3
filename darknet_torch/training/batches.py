"""Mini-batches for training, made in worker processes before they are needed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from darknet_torch.augment.source import SampleBatch, SampleRequest, SampleSource
from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import UsageError
from darknet_torch.targets.assignment import Assigner, Assignment, assign_to_heads
from darknet_torch.training.workers import PATIENCE, Workers


@dataclass(frozen=True)
class TrainBatch:
    """The samples of one mini-batch.

    Attributes:
        images: [N, C, H, W] RGB or grey, float32 in 0-1, or uint8 on their way to the network;
            [N, inputs, 1, 1] float32 for text.
        truths: [N, ...] float32, in the form that the network's loss takes.
        paths: the pictures in it; a sample may be mixed from several.
        problems: the faults met while they were read.
        restarts: indices, from 0, of those text streams of this rank whose recurrent state is
            reset before this mini-batch.
        iteration, subdivision: which mini-batch of the run it is, from 0.
        assignments: layer index of a head -> the truths assigned to its boxes.
    """

    images: Tensor
    truths: Tensor
    paths: Sequence[str] = ()
    problems: Sequence[Problem] = ()
    restarts: Sequence[int] = ()
    iteration: int = 0
    subdivision: int = 0
    assignments: Mapping[int, Assignment] = field(default_factory=dict)

    def to(self, device: torch.device) -> TrainBatch:
        """A copy on `device`.

        For a CUDA device this call only starts the copy, from page-locked memory, on the current
        stream.
        """
        # Elsewhere nothing says when such a copy is complete.
        non_blocking = device.type == "cuda"
        return _changed(self, lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> TrainBatch:
        """A copy in page-locked memory."""
        return _changed(self, _pinned)

    def tensors(self) -> list[Tensor]:
        """All tensors in it, in the order of the fields."""
        found: list[Tensor] = []

        def note(tensor: Tensor) -> Tensor:
            found.append(tensor)
            return tensor

        _changed(self, note)
        return found

    def with_float_images(
        self, memory_format: torch.memory_format = torch.contiguous_format
    ) -> TrainBatch:
        """A copy with `float_images` on the same device."""
        return replace(self, images=float_images(self.images, memory_format))


def float_images(
    images: Tensor, memory_format: torch.memory_format = torch.contiguous_format
) -> Tensor:
    """Convert images to float32, uint8 ones to 0-1; the values are the same on every device.

    Args:
        images: [N, ...] uint8, or floats.
        memory_format: of the result, if it is [N, C, H, W].
    """
    layout = memory_format if images.dim() == 4 else torch.preserve_format
    floats = images.to(torch.float32, memory_format=layout)
    if images.dtype == torch.uint8:
        # Divided by a number, PyTorch multiplies by its inverse on a GPU, and half of the values
        # differ from the CPU's. Divided by a tensor they do not.
        floats.div_(floats.new_full((), 255))
    return floats


def _pinned(tensor: Tensor) -> Tensor:
    """A copy in page-locked memory.

    numpy copies in this thread alone. `Tensor.pin_memory` would keep a pool of threads, one for
    each core, for every thread that receives mini-batches.
    """
    copy = torch.empty_like(tensor, pin_memory=True)
    np.copyto(copy.numpy(), tensor.numpy())
    return copy


def _changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """`value` with all tensors changed that it holds in fields, mappings, lists and tuples."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _changed(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [_changed(part, change) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {one.name: _changed(getattr(value, one.name), change) for one in fields(value)}
        return replace(value, **changed)
    return value


@dataclass(frozen=True)
class _Task:
    """Which mini-batch is to be made."""

    subdivision: int
    request: SampleRequest

    def __str__(self) -> str:
        return f"mini-batch {self.subdivision + 1} of iteration {self.request.iteration + 1}"


@dataclass(frozen=True)
class _Loaded:
    """What a worker makes of a task."""

    task: _Task
    samples: SampleBatch
    assignments: Mapping[int, Assignment]


def _ignore(text: str) -> None:
    """Say nothing of a wait."""


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
        assigners: layer index of a head -> assigns the truths to its boxes.
        pin_memory: put the tensors into page-locked memory, for copies to a CUDA device.
        on_wait: called with a line for the user after every `patience` seconds in which a
            mini-batch does not come.
        patience: seconds.

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
    assigners: Mapping[int, Assigner] = field(default_factory=dict)
    pin_memory: bool = False
    on_wait: Callable[[str], None] = _ignore
    patience: float = PATIENCE

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
        """Iterate from `start` on; images are float32.

        Raises:
            TrainingError: a worker ended, or raised an error that is no DarknetError.
            DarknetError: the source cannot make a mini-batch.
        """
        # Bytes as long as possible: a quarter of the memory.
        with closing(self._made(floats=self.pin_memory)) as made:
            for batch in made:
                yield batch.with_float_images()

    def unconverted(self) -> Generator[TrainBatch]:
        """Iterate as `__iter__`, but leave the images as the source makes them, uint8 or float32.

        Raises:
            TrainingError, DarknetError: as `__iter__`.
        """
        return self._made(floats=False)

    def _made(self, *, floats: bool) -> Generator[TrainBatch]:
        """The mini-batches, made in this process or in workers."""
        work = partial(_load, self.source, self.assigners)
        # Page-locked memory belongs to the device of the thread that asks for it.
        device = torch.cuda.current_device() if self.pin_memory else None
        receive = partial(_received, device, floats)
        if not self.workers:
            yield from (receive(work(task)) for task in self.tasks())
            return
        workers = Workers(
            work,
            self.workers,
            receive=receive,
            on_wait=self.on_wait,
            patience=self.patience,
            name=f"process {self.rank}, " if self.world_size > 1 else "",
        )
        yield from workers.results(self.tasks())

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


def _load(source: SampleSource, assigners: Mapping[int, Assigner], task: _Task) -> _Loaded:
    """Make a mini-batch: arrays of numpy, without torch."""
    request = task.request
    batch = source.load(request)
    size = (request.height, request.width)
    return _Loaded(task, batch, assign_to_heads(assigners, batch.truths, size))


def _received(device: int | None, floats: bool, loaded: _Loaded) -> TrainBatch:
    """Make tensors of the arrays, in page-locked memory for CUDA device number `device`."""
    samples = loaded.samples
    batch = TrainBatch(
        torch.from_numpy(samples.images),
        torch.from_numpy(samples.truths),
        list(samples.paths),
        list(samples.problems),
        list(samples.restarts),
        loaded.task.request.iteration,
        loaded.task.subdivision,
        {index: made.converted(torch.from_numpy) for index, made in loaded.assignments.items()},
    )
    if floats:
        batch = batch.with_float_images()
    if device is None:
        return batch
    with torch.cuda.device(device):
        return batch.pin_memory()
