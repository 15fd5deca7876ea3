"""How many pictures should go through a network at once: measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from darknet_torch.cpu.memory import available_memory
from darknet_torch.inference.backends import Backend
from darknet_torch.model.network import Network

SIZES = (1, 2, 4, 8, 16)
_LEAST_GAIN = 1.03  # in pictures per second, for which a batch may be twice as large
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
    network: Network,
    backend: Backend,
    *,
    most: int = SIZES[-1],
    seconds: Callable[[int], float] | None = None,
    memory: Callable[[torch.device], int | None] | None = None,
) -> BatchChoice:
    """Choose the size of batches with the most pictures per second.

    Sizes are doubled while that brings at least 3 % more pictures per second, memory is left,
    and the tries last no longer than some hundred milliseconds. Their pictures are noise: the
    speed of a network does not depend on what they show.

    Args:
        network: the network. One with a state sees one picture at a time.
        backend: what runs it.
        most: the largest size that makes sense, 1 or more, such as the number of pictures.
        seconds: returns how long a batch of a size takes; by default it is measured.
        memory: returns the bytes that are free on a device, None if unknown; by default
            `free_memory`.
    """
    if most == 1 or any(layer.has_state for layer in network.layers):
        return BatchChoice(1, {})
    measure = seconds or (lambda size: _time_batch(network, backend, size))
    room = (memory or free_memory)(next(network.parameters(), torch.empty(0)).device)
    each = _BYTES_PER_OUTPUT * sum(layer.output_shape.count for layer in network.layers)
    rates, best, left, expected = dict[int, float](), 1, _MOST_SECONDS, 0.0
    for size in (size for size in SIZES if size <= most):
        if size > 1 and (expected > left or (room is not None and size * each > room)):
            break
        taken = measure(size)
        rates[size] = size / taken
        left, expected = left - _RUNS * taken, 2 * _RUNS * taken
        if rates[size] < _LEAST_GAIN * rates[best] and size > 1:
            break
        best = size
    return BatchChoice(best, rates)


def free_memory(device: torch.device) -> int | None:
    """Return the bytes that are free on a device; None where the system does not say.

    Args:
        device: of a network's parameters; "meta" if they were freed, see `Network.optimize`,
            which then computes on the CPU.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return available_memory() if device.type in ("cpu", "meta") else None


def _time_batch(network: Network, backend: Backend, size: int) -> float:
    """Return the seconds that a batch of noise takes, the least of some runs."""
    shape = network.net.input_shape
    images = np.random.default_rng(0).random(
        (size, shape.channels, shape.height, shape.width), np.float32
    )
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        for output in backend.predict(images):
            output.cpu()  # waits for a GPU
        times.append(time.perf_counter() - start)
    return min(times)
