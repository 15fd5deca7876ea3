"""How many pictures should go through a network at once: measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from darknet_torch.cpu.memory import available_memory
from darknet_torch.engines.choice import BATCH_SIZES, LEAST_GAIN
from darknet_torch.engines.description import ModelDescription
from darknet_torch.inference.backends import Backend
from darknet_torch.inference.head_outputs import to_numpy

_MOST_SECONDS = 0.6  # no size is tried that would make all tries last longer
_RUNS = 2  # of each size; the faster one counts, since the first one also allocates memory
_BYTES_PER_OUTPUT = 8  # float32, and as much again for what a convolution needs meanwhile


@dataclass(frozen=True)
class BatchChoice:
    """A size of batches.

    Attributes:
        size: pictures per batch.
        rates: size -> pictures per second, of all sizes that were tried.
    """

    size: int
    rates: dict[int, float]


def choose_batch(
    model: ModelDescription,
    backend: Backend,
    *,
    most: int = BATCH_SIZES[-1],
    seconds: Callable[[int], float] | None = None,
    memory: Callable[[Backend], int | None] | None = None,
) -> BatchChoice:
    """Choose the size of batches with the most pictures per second.

    Sizes are doubled while that brings at least 3 % more pictures per second, memory is left,
    and the tries last no longer than some hundred milliseconds. Their pictures are noise: the
    speed of a network does not depend on what they show.

    Args:
        model: describes the network. One with a state sees one picture at a time.
        backend: what runs it.
        most: the largest size that makes sense, 1 or more, such as the number of pictures.
        seconds: returns how long a batch of a size takes; by default it is measured.
        memory: returns the bytes that are free where a backend computes, None if unknown; by
            default `free_memory`.
    """
    if most == 1 or model.has_state:
        return BatchChoice(1, {})
    measure = seconds or (lambda size: _time_batch(model, backend, size))
    room = (memory or free_memory)(backend)
    each = _BYTES_PER_OUTPUT * model.values
    rates, best, left, expected = dict[int, float](), 1, _MOST_SECONDS, 0.0
    for size in (size for size in BATCH_SIZES if size <= most):
        if size > 1 and (expected > left or (room is not None and size * each > room)):
            break
        taken = measure(size)
        rates[size] = size / taken
        left, expected = left - _RUNS * taken, 2 * _RUNS * taken
        if rates[size] < LEAST_GAIN * rates[best] and size > 1:
            break
        best = size
    return BatchChoice(best, rates)


def free_memory(backend: Backend) -> int | None:
    """Return the bytes that are free where a backend computes; None where the system says nothing.

    On the CPU, if the backend has no `device`.
    """
    device = getattr(backend, "device", None)
    if device is None or device.type in ("cpu", "meta"):
        return available_memory()
    if device.type != "cuda":
        return None
    import torch

    return torch.cuda.mem_get_info(device)[0]


def _time_batch(model: ModelDescription, backend: Backend, size: int) -> float:
    """Return the seconds that a batch of noise takes, the least of some runs."""
    shape = (size, model.channels, model.height, model.width)
    images = np.random.default_rng(0).random(shape, np.float32)
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        for output in backend.predict(images):
            to_numpy(output)  # waits for a GPU
        times.append(time.perf_counter() - start)
    return min(times)
