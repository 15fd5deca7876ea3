"""What a schedule and a warm-up are, and what they know of a run. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.schedules.members import Member


@dataclass(frozen=True)
class Run:
    """What schedules know of a run.

    Attributes:
        net: the options of [net] that it trains with.
        burn_in: updates of the cfg's warm-up, which `net` does not have if there is another.
        epoch: updates in which each picture is seen once, above 0; None if that is not known.
        seed: of the run's random numbers.
        evaluates: the network is evaluated at intervals.
    """

    net: NetOptions
    burn_in: int = 0
    epoch: float | None = None
    seed: int = 0
    evaluates: bool = False

    @property
    def updates(self) -> int:
        """The length of the run."""
        return max(1, self.net.max_batches)

    def epochs(self, updates: float) -> float:
        """The epochs in which so many updates are made.

        Raises:
            UsageError: the number of pictures is not known.
        """
        return updates / self._epoch()

    def updates_in(self, epochs: float) -> float:
        """The updates of so many epochs; see `epochs`."""
        # Whole numbers stay whole: 27 epochs of 7 / 3 updates are 63, not 63.00000000000001.
        return round(epochs * self._epoch(), 6)

    def _epoch(self) -> float:
        if self.epoch is None:
            raise UsageError(
                "the length of an epoch is not known",
                expected="the number of pictures to train on",
                fix="give it: --pictures N",
            )
        return self.epoch


def finite_rate(compute: Callable[[], float], update: int, where: object) -> float:
    """The learning rate that a function computes.

    Args:
        compute: the function.
        update: the number of the update, for the message.
        where: the place of [net].

    Raises:
        CfgError: it is not finite, or too large to be computed.
    """
    cause = None
    try:
        rate = compute()
    except ArithmeticError as error:
        rate, cause = math.nan, error
    if not math.isfinite(rate):
        raise CfgError(
            f"the learning rate of iteration {update} cannot be used",
            where=where,
            expected="a finite number",
            got=rate if cause is None else cause.args[-1],
            fix="change learning_rate, or the options of its schedule",
        ) from cause
    return rate


class RateFollower(Callback):
    """A callback that changes the rate by how the training goes."""

    on_every_rank = True  # all processes have the same rate

    def factor_at(self, update: int) -> float:
        """The factor on the rate of an update, the next one."""
        return 1.0


class Schedule(Member):
    """The learning rate over a run.

    Attributes:
        warms_up: it rises from 0 itself, so that without --warmup there is no other warm-up.
    """

    warms_up: ClassVar[bool] = False

    def rate(self, update: int, run: Run) -> float:
        """The learning rate of an update.

        Args:
            update: its number, 1 for the first.
            run: the run that it belongs to.

        Raises:
            UsageError: the length of an epoch is needed, and not known.
        """
        return run.net.learning_rate * self.part(update - 1, run)

    def part(self, made: int, run: Run) -> float:
        """The part of learning_rate that is left.

        Args:
            made: updates made before, 0 at the first.
            run: the run that it belongs to.
        """
        return 1.0

    def follower(self, run: Run, first: int) -> RateFollower | None:
        """What changes the rate by how the training goes; None for a schedule that is fixed.

        Args:
            run: the run.
            first: the last update of the warm-up, before which it must not compare numbers.
        """
        return None


class WarmUp(Member):
    """The rise of the rate in the first updates of a run: a factor on the schedule's rate."""

    def length(self, run: Run) -> float:
        """How many updates it takes; from this one on the factor is 1."""
        return 0.0

    def factor_at(self, update: int, run: Run) -> float:
        """The factor on the rate of an update, 1 for the first."""
        length = self.length(run)
        return self.rise(update / length, run) if update < length else 1.0

    def rise(self, done: float, run: Run) -> float:
        """The factor when a part of the warm-up is done, above 0 and below 1."""
        return 1.0
