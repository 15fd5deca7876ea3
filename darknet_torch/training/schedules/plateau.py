"""A schedule that lowers the rate when the training does not get better any more. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING

from darknet_torch.errors import UsageError
from darknet_torch.training.callbacks import State
from darknet_torch.training.saved_values import saved_value
from darknet_torch.training.schedules.base import RateFollower, Run, Schedule
from darknet_torch.training.schedules.members import (
    NumberFrom,
    OneOf,
    Whole,
    parameter,
)

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_MIN_INTERVAL = 100  # iterations whose losses are averaged, as between two evaluations


@dataclass(frozen=True)
class Plateau(Schedule):
    """Times `factor` when there was nothing better for a while: PyTorch's ReduceLROnPlateau.

    Attributes:
        follow: the score of the evaluations, or the loss; None for the score with --map, else
            the loss.
        factor: on the rate.
        patience: how many readings in a row may be no better.
        threshold: the part by which a reading has to be better than the best one.
        cooldown: readings after the rate has fallen that do not count.
        min: the part of learning_rate that is always left.
        every: iterations whose mean loss is one reading; None for an epoch, or 100 if that is
            shorter.
    """

    name = "plateau"

    follow: str | None = parameter(None, OneOf(("score", "loss")))
    factor: float = parameter(0.1, NumberFrom(0, 1))
    patience: int = parameter(5, Whole(0))
    threshold: float = parameter(1e-4, NumberFrom(0, 1))
    cooldown: int = parameter(0, Whole(0))
    min: float = parameter(0.0, NumberFrom(0, 1))
    every: int | None = parameter(None, Whole(1))

    def follower(self, run: Run, first: int) -> PlateauFollower:
        """What lowers the rate.

        Raises:
            UsageError: it follows a score, and the run evaluates nothing.
        """
        scores = run.evaluates if self.follow is None else self.follow == "score"
        if scores and not run.evaluates:
            raise UsageError(
                "--schedule plateau follows a score, and nothing is evaluated",
                expected="--map",
                got="follow=score without --map",
                fix="add --map, or follow=loss",
            )
        epoch = math.ceil(run.epoch or 0)
        every = None if scores else self.every or max(epoch, _MIN_INTERVAL)
        return PlateauFollower(self, every, first)


class PlateauFollower(RateFollower):
    """Reads scores or losses, and lowers the rate; see `Plateau`.

    What it finds holds from the update after the next one: all processes learn it at the end of
    the next, and a state that was saved before an evaluation loses nothing.

    Args:
        settings: the schedule.
        every: updates whose mean loss is one reading; None to read the scores.
        first: the last update of the warm-up, up to which nothing is read.
    """

    def __init__(self, settings: Plateau, every: int | None, first: int) -> None:
        self.settings, self.every, self.first = settings, every, first
        self._falls = self._falls_found = 0  # in effect, and those found since
        self._best: float | None = None
        self._waited = self._cooling = 0
        self._loss, self._losses = 0.0, 0

    def factor_at(self, update: int) -> float:
        return float(max(self.settings.factor**self._falls, self.settings.min))

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        if self.every is None and loop.iteration > self.first:
            self._read(loop, -score.value)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        self._falls = self._falls_found = loop.processes.largest(self._falls_found)
        if self.every is None or update.iteration <= self.first:
            return
        self._loss += update.loss
        self._losses += 1
        if update.iteration % self.every == 0:
            self._read(loop, self._loss / self._losses)
            self._loss, self._losses = 0.0, 0

    def is_due(self, loop: TrainingLoop) -> bool:
        reads = self.every is not None and loop.iteration % self.every == 0
        return reads or self._falls != self._falls_found

    def _read(self, loop: TrainingLoop, value: float) -> None:
        """Compare a value with the best one; the lower is the better.

        Source: torch.optim.lr_scheduler.ReduceLROnPlateau.step, with threshold_mode="rel".
        """
        margin = self.settings.threshold * abs(self._best or 0.0)
        if self._best is None or value < self._best - margin:
            self._best, self._waited = value, 0
        else:
            self._waited += 1
        if self._cooling:
            self._cooling -= 1
            self._waited = 0
        if self._waited > self.settings.patience:
            self._waited, self._cooling = 0, self.settings.cooldown
            self._falls_found += 1
            if loop.processes.is_first:
                loop.events.on_message(loop, self._describe_fall(loop.iteration))

    def _describe_fall(self, iteration: int) -> str:
        read = "loss" if self.every else "score"
        return (
            f"no better {read} in {self.settings.patience + 1} readings: the rate is multiplied "
            f"by {self.settings.factor:g} from iteration {iteration + 2} on"
        )

    def state_dict(self) -> State:
        return {
            "falls": self._falls,
            "falls_found": self._falls_found,
            "best": self._best,
            "waited": self._waited,
            "cooling": self._cooling,
            "loss": self._loss,
            "losses": self._losses,
        }

    def load_state_dict(self, state: State) -> None:
        for name, own in self.state_dict().items():
            kinds = (float, NoneType) if name == "best" else (type(own),)
            setattr(self, f"_{name}", saved_value(state, name, *kinds, default=own))
