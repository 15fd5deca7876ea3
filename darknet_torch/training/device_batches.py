"""Mini-batches on the device of the network, copied there while it computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Protocol, TypeVar

import torch

from darknet_torch.training.batches import TrainBatch

T = TypeVar("T")


class Copier(Protocol):
    """How mini-batches get to a device.

    Attributes:
        ahead: how many of them are fetched and copied before they are needed.
    """

    @property
    def ahead(self) -> int: ...

    def start(self, batch: TrainBatch) -> Callable[[], TrainBatch]:
        """Start to copy `batch`.

        Returns:
            A function to call when the copy is needed: it lets what is computed from then on wait
            for it, and returns it.
        """
        ...


class DirectCopier:
    """Copies a mini-batch when it is needed.

    Args:
        device: any.
    """

    ahead = 0

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def start(self, batch: TrainBatch) -> Callable[[], TrainBatch]:
        """`Copier.start`."""
        return partial(batch.to, self._device)


class CudaCopier:
    """Copies the next mini-batch on a stream of its own, from page-locked memory.

    Args:
        device: a CUDA device, with its number.
    """

    ahead = 1

    def __init__(self, device: torch.device) -> None:
        self._device, self._stream = device, torch.cuda.Stream(device)

    def start(self, batch: TrainBatch) -> Callable[[], TrainBatch]:
        """`Copier.start`."""
        with torch.cuda.stream(self._stream):
            copy = batch.to(self._device)
        # An event of this copy alone: to wait for the stream is to wait for later copies, too.
        return partial(self._finish, copy, self._stream.record_event())

    def _finish(self, copy: TrainBatch, copied: torch.cuda.Event) -> TrainBatch:
        computing = torch.cuda.current_stream(self._device)
        computing.wait_event(copied)
        for tensor in copy.tensors():
            # The memory belongs to the stream of the copies. When the tensor is gone, it must not
            # be written to before the computations that read it are done.
            tensor.record_stream(computing)
        return copy


def copier_for(device: torch.device) -> Copier:
    """The fastest way to copy to `device`."""
    return CudaCopier(device) if device.type == "cuda" else DirectCopier(device)


def device_batches(
    batches: Iterable[TrainBatch],
    copier: Copier,
    *,
    memory_format: torch.memory_format = torch.contiguous_format,
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Generator[TrainBatch]:
    """Yield `batches` in their order on a device, with images as float32.

    Bytes become floats on the device: less to hold in page-locked memory, and to copy.

    Args:
        batches: on the CPU. An error in them is raised after the mini-batches before it.
        copier: copies to the device, and says how many mini-batches to fetch in advance.
        memory_format: of the images.
        waiting: each mini-batch is waited for in such a context.
    """

    def finished(copied: Callable[[], TrainBatch]) -> TrainBatch:
        return copied().with_float_images(memory_format)

    started = map(copier.start, _fetched(batches, waiting))
    # Unlike a variable of a loop, `map` does not keep the bytes of the mini-batch in use.
    yield from map(finished, _in_advance(started, copier.ahead))


def _fetched(
    batches: Iterable[TrainBatch], waiting: Callable[[], AbstractContextManager[None]]
) -> Iterator[TrainBatch]:
    """Yield `batches`; wait for each of them in a context."""
    iterator = iter(batches)
    while True:
        with waiting():
            batch = next(iterator, None)
        if batch is None:
            return
        yield batch


def _in_advance(items: Iterable[T], count: int) -> Iterator[T]:
    """Yield `items`, each after up to `count` of those that follow it were taken.

    Raises:
        Exception: as `items` raises it, when all that came before is yielded.
    """
    taken: deque[T] = deque()
    error = None
    try:
        for item in items:
            taken.append(item)
            if len(taken) > count:
                yield taken.popleft()
    except Exception as caught:  # noqa: BLE001  raised below
        error = caught
    while taken:
        yield taken.popleft()
    if error is not None:
        raise error
