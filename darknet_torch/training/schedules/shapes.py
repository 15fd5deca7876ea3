"""Schedules that are a function of the number of the update alone. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from darknet_torch.training.schedules.base import Run, Schedule
from darknet_torch.training.schedules.members import (
    Increasing,
    NumberAbove,
    NumberFrom,
    OneOf,
    Whole,
    parameter,
)

_FRACTION = NumberFrom(0, 1)
_PER = OneOf(("epoch", "iteration"))
_DEFAULT_STEPS = 0.8, 0.9  # of a run, as Darknet's README advises for steps=


@dataclass(frozen=True)
class FromCfg(Schedule):
    """The policy of the cfg, with its burn_in.

    Source: network.c get_current_rate.
    """

    name = "cfg"
    warms_up = True

    def rate(self, update: int, run: Run) -> float:
        from darknet_torch.training.schedule import rate_of_run  # imports numpy

        return rate_of_run(run.net, update, run.seed)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a period of the cosine over the run: PyTorch's CosineAnnealingLR, SGDR's equation 5.

    Attributes:
        min: the part of learning_rate that it ends with.
    """

    name = "cosine"

    min: float = parameter(0.0, _FRACTION)

    def part(self, made: int, run: Run) -> float:
        return _cosine(min(1.0, made / run.updates), self.min)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """Cosine cycles, each `mult` times as long as the one before.

    PyTorch's CosineAnnealingWarmRestarts; Loshchilov and Hutter, "SGDR", 2017.

    Attributes:
        cycles: how many the run consists of.
        iterations, epochs: the length of the first cycle, instead of `cycles`.
        mult: the factor from one length to the next, SGDR's T_mult.
        min: the part of learning_rate that each cycle ends with.
    """

    name = "cosine-restarts"
    exclusive = "cycles", "iterations", "epochs"

    cycles: int = parameter(3, Whole(1))
    iterations: int | None = parameter(None, Whole(1))
    epochs: float | None = parameter(None, NumberAbove(0))
    mult: int = parameter(2, Whole(1))
    min: float = parameter(0.0, _FRACTION)

    def part(self, made: int, run: Run) -> float:
        start, length = 0.0, self._first(run)
        if self.mult == 1:
            start = made - made % length
        while made >= start + length:
            start += length
            length *= self.mult
        return _cosine((made - start) / length, self.min)

    def _first(self, run: Run) -> float:
        """The length of the first cycle, one update at least."""
        if self.epochs is not None:
            return max(1.0, run.updates_in(self.epochs))
        if self.iterations is not None:
            return self.iterations
        return max(1.0, run.updates / self._parts(run.updates))

    def _parts(self, most: int) -> int:
        """The sum of the lengths of all cycles, in first cycles; any number from `most` on."""
        if self.mult == 1:
            return self.cycles
        parts, length = 0, 1
        for _ in range(self.cycles):
            if parts >= most:
                break
            parts += length
            length *= self.mult
        return parts


@dataclass(frozen=True)
class StepEpochs(Schedule):
    """Times `factor` after each of some epochs: PyTorch's MultiStepLR.

    Attributes:
        epochs: after which the rate falls; None for 80 % and 90 % of the run.
        factor: on the rate, PyTorch's gamma.
    """

    name = "step-epochs"
    main = "epochs"

    epochs: tuple[float, ...] | None = parameter(None, Increasing())
    factor: float = parameter(0.1, NumberAbove(0))

    def part(self, made: int, run: Run) -> float:
        return float(self.factor ** sum(made >= step for step in self.steps(run)))

    def steps(self, run: Run) -> list[float]:
        """The numbers of updates after which the rate falls."""
        if self.epochs is None:
            return [part * run.updates for part in _DEFAULT_STEPS]
        return [run.updates_in(epochs) for epochs in self.epochs]


@dataclass(frozen=True)
class Exponential(Schedule):
    """Falls by the same factor in every epoch: PyTorch's ExponentialLR, in every update a little.

    Attributes:
        end: the part of learning_rate at the end of the run.
        gamma: the factor, instead of `end`.
        per: what it is the factor of, an epoch or an iteration.
    """

    name = "exponential"
    exclusive = "end", "gamma"

    end: float = parameter(0.01, NumberAbove(0))
    gamma: float | None = parameter(None, NumberAbove(0))
    per: str = parameter("epoch", _PER)

    def part(self, made: int, run: Run) -> float:
        if self.gamma is None:
            return float(self.end ** (made / run.updates))
        return float(self.gamma ** _time(made, self.per, run))


@dataclass(frozen=True)
class Inverse(Schedule):
    """1 / (1 + gamma t)^power: Caffe's inv, Keras' InverseTimeDecay.

    Attributes:
        end: the part of learning_rate at the end of the run.
        gamma: how fast it falls, instead of `end`.
        power: the exponent.
        per: the unit of t, an epoch or an iteration.
    """

    name = "inverse"
    exclusive = "end", "gamma"

    end: float = parameter(0.1, NumberAbove(0))
    gamma: float | None = parameter(None, NumberAbove(0))
    power: float = parameter(1.0, NumberAbove(0))
    per: str = parameter("epoch", _PER)

    def part(self, made: int, run: Run) -> float:
        if self.gamma is None:
            fallen = (self.end ** (-1 / self.power) - 1) * made / run.updates
        else:
            fallen = self.gamma * _time(made, self.per, run)
        return float((1 + fallen) ** -self.power)


def _cosine(done: float, least: float) -> float:
    """Half a period of the cosine from 1 to `least`, when a part of it is done."""
    return least + (1 - least) * (1 + math.cos(math.pi * done)) / 2


def _time(made: int, unit: str, run: Run) -> float:
    return run.epochs(made) if unit == "epoch" else made
