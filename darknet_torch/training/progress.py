"""The lines that Darknet prints during a training, and how long its iterations take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from darknet_torch.model.network import Network
from darknet_torch.training.updates import Update

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop

_STEADY = 0.99  # weight of the last estimate of the time left
_RECENT = 50  # iterations
_LONGEST_WAIT = 1.0  # seconds without news, after which a GPU is asked for them


def left_to_report(loop: TrainingLoop, update: Update) -> int:
    """How many of the updates that are reported together follow, this one included.

    It is 1, unless the numbers of some waited on a GPU.
    """
    return 1 + loop.iteration - update.iteration


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

    def line(self, update: Update, left: int = 1) -> str:
        """The line that Darknet prints for an iteration.

        Args:
            update: the iteration.
            left: of the iterations that end now, it included, those without a line so far.
        """
        seconds = (time.perf_counter() - self.started) / left
        self.started += seconds
        hours = max(0, self.network.net.max_batches - update.iteration) * seconds / 3600
        self.hours = hours if self.hours is None else _moving_average(self.hours, hours)
        return (
            f" {update.iteration}: {update.loss:f}, {update.average_loss:f} avg loss, "
            f"{update.rate:f} rate, {seconds:f} seconds, {update.iteration * self.images} images, "
            f"{self.hours:f} hours left, {self.images / max(seconds, 1e-9):.1f} images/s"
        )

    @property
    def is_due(self) -> bool:
        """Whether the last line is so old that the next should not wait."""
        return time.perf_counter() - self.started >= _LONGEST_WAIT

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

    def add_iteration(self, left: int = 1) -> None:
        """Count an iteration that ends now. The first one, which warms up, counts while alone.

        Args:
            left: of the iterations that end now, this one included, those not counted so far.
        """
        seconds = (self._clock() - self._since) / left
        if not self._paused:
            if self._warming_up and self._seconds:
                self._seconds.clear()
                self._warming_up = False
            self._seconds.append(seconds)
        self._since, self._paused = self._since + seconds, self._paused and left > 1

    @property
    def is_due(self) -> bool:
        """Whether the last iteration was counted so long ago that the next should not wait."""
        return self._clock() - self._since >= _LONGEST_WAIT

    @property
    def seconds(self) -> float | None:
        """The mean time of an iteration, None before the first."""
        return sum(self._seconds) / len(self._seconds) if self._seconds else None


def _moving_average(before: float, now: float) -> float:
    return _STEADY * before + (1 - _STEADY) * now
