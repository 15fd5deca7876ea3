"""What ends a training before max_batches: no better score for long, or a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from darknet_torch.training.callbacks import Callback, State
from darknet_torch.training.durations import describe_duration
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.saved_values import saved_value

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update


class Patience(Callback):
    """Ends the training after some evaluations without a better score.

    Evaluations before the first score above 0 do not count: a network that learns from random
    numbers may need many iterations before anything can be measured.

    Args:
        evaluations: how many, 1 or more. A resumed run goes on counting.
    """

    on_every_rank = True

    def __init__(self, evaluations: int) -> None:
        self.evaluations = evaluations
        self._measure, self._highest, self._without_better = "", 0.0, 0

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        if score.measure != self._measure:  # --criterion has changed
            self._measure, self._highest, self._without_better = score.measure, 0.0, 0
        if score.value > self._highest:
            self._highest, self._without_better = score.value, 0
        elif self._highest > 0:
            self._without_better += 1
        if self._without_better >= self.evaluations:
            plural = "s" * (self.evaluations > 1)
            loop.stop_after_iteration(
                f"{self._without_better} evaluation{plural} without a better {score.measure} than "
                f"{100 * self._highest:.2f} % (--patience {self.evaluations})"
            )

    def state_dict(self) -> State:
        return {
            "measure": self._measure,
            "highest": self._highest,
            "without_better": self._without_better,
        }

    def load_state_dict(self, state: State) -> None:
        self._measure = saved_value(state, "measure", str, default=self._measure)
        self._highest = saved_value(state, "highest", float, default=self._highest)
        self._without_better = saved_value(
            state, "without_better", int, default=self._without_better
        )


class TimeLimit(Callback):
    """Ends the training before the iteration that would pass a time limit.

    Args:
        seconds: since this object was made; a resumed run has all of it again.
        clock: the time in seconds.
    """

    on_every_rank = True

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self._clock = seconds, clock
        self._made = clock()
        self._started, self._first = self._made, 0

    def on_start(self, loop: TrainingLoop) -> None:
        self._started, self._first = self._clock(), loop.iteration
        self._end_if_due(loop)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        self._end_if_due(loop)

    def is_due(self, loop: TrainingLoop) -> bool:
        """Whether the next iteration, of average length, would pass the limit."""
        now = self._clock()
        per_iteration = (now - self._started) / max(1, loop.iteration - self._first)
        return now - self._made + per_iteration > self.seconds

    def _end_if_due(self, loop: TrainingLoop) -> None:
        if self.is_due(loop):
            limit = describe_duration(self.seconds)
            loop.stop_after_iteration(f"the time limit of {limit} is reached (--time-limit)")


def early_ends(plan: TrainPlan) -> tuple[Callback, ...]:
    """The callbacks that end the training of a plan early."""
    return (
        *((Patience(plan.patience),) if plan.patience else ()),
        *((TimeLimit(plan.time_limit),) if plan.time_limit else ()),
    )
