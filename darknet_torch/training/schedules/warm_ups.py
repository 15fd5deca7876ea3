"""Warm-ups: how the rate rises in the first updates of a run. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.training.schedules.base import Run, WarmUp
from darknet_torch.training.schedules.members import NumberAbove, NumberFrom, Whole, parameter


@dataclass(frozen=True)
class NoWarmUp(WarmUp):
    """No warm-up: the first update has the whole rate."""

    name = "none"


@dataclass(frozen=True)
class _OfLength(WarmUp):
    """A warm-up of some length.

    Attributes:
        iterations, epochs: its length; with neither it is burn_in= of the cfg.
    """

    main = "iterations"
    exclusive = "iterations", "epochs"

    iterations: int | None = parameter(None, Whole(0))
    epochs: float | None = parameter(None, NumberFrom(0))

    def length(self, run: Run) -> float:
        if self.epochs is not None:
            return run.updates_in(self.epochs)
        return run.burn_in if self.iterations is None else self.iterations


@dataclass(frozen=True)
class Linear(_OfLength):
    """In proportion to the number of the update: PyTorch's LinearLR from 0."""

    name = "linear"

    def rise(self, done: float, run: Run) -> float:
        return done


@dataclass(frozen=True)
class Power(_OfLength):
    """A power of the part that is done, Darknet's burn-in.

    Attributes:
        power: the exponent; None for power= of the cfg.

    Source: network.c get_current_rate.
    """

    name = "power"

    power: float | None = parameter(None, NumberAbove(0))

    def rise(self, done: float, run: Run) -> float:
        return float(done ** (run.net.power if self.power is None else self.power))


@dataclass(frozen=True)
class ExponentialRise(_OfLength):
    """By the same factor in every update.

    Attributes:
        start: the part of the rate that it starts from.
    """

    name = "exponential"

    start: float = parameter(0.001, NumberAbove(0))

    def rise(self, done: float, run: Run) -> float:
        return float(self.start ** (1 - done))
