"""The lines that Darknet prints during a training."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from darknet_torch.model.network import Network
from darknet_torch.training.loop import Update

_STEADY = 0.99  # weight of the last estimate of the time left


@dataclass
class Progress:
    """Formats the progress of a training in Darknet's words.

    Attributes:
        network: the network in training.
        images: inputs per iteration, summed over all processes.
        loss: the moving average of the losses, None before the first.
        hours: the estimate of the time left, None before the first iteration.

    Source: detector.c train_detector (AlexeyAB).
    """

    network: Network
    images: int
    loss: float | None = None
    hours: float | None = None
    started: float = field(default_factory=time.perf_counter)

    def line(self, update: Update) -> str:
        """The line that Darknet prints for an iteration."""
        now = time.perf_counter()
        seconds, self.started = now - self.started, now
        self.loss = update.loss if self.loss is None else self.loss * 0.9 + update.loss * 0.1
        left = max(0, self.network.net.max_batches - update.iteration) * seconds / 3600
        self.hours = left if self.hours is None else _moving_average(self.hours, left)
        return (
            f" {update.iteration}: {update.loss:f}, {self.loss:f} avg loss, {update.rate:f} rate, "
            f"{seconds:f} seconds, {update.iteration * self.images} images, "
            f"{self.hours:f} hours left, {self.images / max(seconds, 1e-9):.1f} images/s"
        )

    def head_lines(self, update: Update) -> list[str]:
        """A line for each layer with a loss."""
        return [
            self.network.layers[index].describe_loss(parts)
            for index, parts in update.parts.items()
            if parts
        ]


def _moving_average(before: float, now: float) -> float:
    return _STEADY * before + (1 - _STEADY) * now
