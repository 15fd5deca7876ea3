"""The lines that Darknet prints during a training, and how long its iterations take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from darknet_torch.model.network import Network
from darknet_torch.training.updates import Update

_STEADY = 0.99  # weight of the last estimate of the time left
_RECENT = 50  # iterations


@dataclass
class Progress:
    """Formats the progress of a training in Darknet's words.

    Attributes:
        network: the network in training.
        images: inputs per iteration, summed over all processes.
        hours: the estimate of the time left, None before the first iteration.

    Source: detector.c train_detector (AlexeyAB).
    """

    network: Network
    images: int
    hours: float | None = None
    started: float = field(default_factory=time.perf_counter)

    def line(self, update: Update) -> str:
        """The line that Darknet prints for an iteration."""
        now = time.perf_counter()
        seconds, self.started = now - self.started, now
        left = max(0, self.network.net.max_batches - update.iteration) * seconds / 3600
        self.hours = left if self.hours is None else _moving_average(self.hours, left)
        return (
            f" {update.iteration}: {update.loss:f}, {update.average_loss:f} avg loss, "
            f"{update.rate:f} rate, {seconds:f} seconds, {update.iteration * self.images} images, "
            f"{self.hours:f} hours left, {self.images / max(seconds, 1e-9):.1f} images/s"
        )

    def head_lines(self, update: Update) -> list[str]:
        """A line for each layer with a loss."""
        return [
            self.network.layers[index].describe_loss(parts)
            for index, parts in update.parts.items()
            if parts
        ]


class IterationTimer:
    """Measures the recent iterations, without the time of evaluations.

    Args:
        clock: the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._since = clock, clock()
        self._seconds: deque[float] = deque(maxlen=_RECENT)
        self._paused, self._warming_up = False, True

    def start(self) -> None:
        """Begin with the first iteration."""
        self._since = self._clock()

    def pause(self) -> None:
        """Leave out the time until the next end of an iteration."""
        self._paused = True

    def add_iteration(self) -> None:
        """Count an iteration that ends now. The first one, which warms up, counts while alone."""
        now = self._clock()
        if not self._paused:
            if self._warming_up and self._seconds:
                self._seconds.clear()
                self._warming_up = False
            self._seconds.append(now - self._since)
        self._since, self._paused = now, False

    @property
    def seconds(self) -> float | None:
        """The mean time of an iteration, None before the first."""
        return sum(self._seconds) / len(self._seconds) if self._seconds else None


def _moving_average(before: float, now: float) -> float:
    return _STEADY * before + (1 - _STEADY) * now
