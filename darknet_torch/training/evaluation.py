"""The evaluation of a network during its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol

from darknet_torch.errors import DarknetError, format_message
from darknet_torch.interruption import Interrupted
from darknet_torch.training.callbacks import Callback, State
from darknet_torch.training.data import CLASSIFIER, TrainingData
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.saved_values import saved_value

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

DETECTOR_EPOCHS = 4  # between two evaluations. Source: detector.c mAP_epochs (AlexeyAB)
CLASSIFIER_EPOCHS = 1  # Differs: classifier.c train_classifier (AlexeyAB) has 2
_MIN_INTERVAL = 100  # iterations between two evaluations. Source: detector.c train_detector

OnProgress = Callable[[int, int], None]  # gets how many pictures are done, and how many there are


@dataclass(frozen=True)
class Score:
    """The result of an evaluation.

    Attributes:
        value: what evaluations are compared by, 0-1: mAP or accuracy.
        lines: what Darknet prints.
        measure: what the value is, such as mAP@0.50.
        measures: all numbers of the evaluation by their names, for logs and charts: fractions,
            or a loss. Those that are undefined are left out, such as the precision without
            detections.
    """

    value: float
    lines: list[str]
    measure: str = "mAP"
    measures: Mapping[str, float] = field(default_factory=dict)


class Evaluator(Protocol):
    """Evaluates a network on pictures that several processes may share."""

    def share(self, loop: TrainingLoop, on_progress: OnProgress) -> Any:
        """Run the network on the pictures of this process; it ends in evaluation mode.

        Args:
            loop: the training; `loop.processes` says which pictures these are.
            on_progress: called after each batch of pictures.

        Returns:
            What `score` takes, which can be sent to another process.
        """

    def score(self, shares: Sequence[Any]) -> Score:
        """Compute the score of what all processes found; it does not depend on their number.

        Args:
            shares: what `share` returned, in the order of the processes.

        Raises:
            UsageError: not one picture can be read.
        """


@dataclass(frozen=True)
class Attempt:
    """What a process computed, why that failed, or the signal that ended it."""

    value: Any = None
    failure: str | None = None
    signal: int = 0


class PeriodicEvaluation(Callback):
    """Evaluates the network every few epochs and at the end; one that fails ends nothing.

    Several processes share the pictures.

    Args:
        evaluator: computes the score.
        pictures: how many the training set has.
        epochs: between two evaluations.
        as_asked: keep to `epochs`; else evaluations are at least 100 iterations apart, and start
            after burn_in, as Darknet's.

    Attributes:
        last: the last score, None before the first.

    Source: detector.c train_detector (AlexeyAB), its calc_map_for_each.
    """

    on_every_rank = True

    def __init__(
        self,
        evaluator: Evaluator,
        pictures: int,
        epochs: int = DETECTOR_EPOCHS,
        *,
        as_asked: bool = False,
    ) -> None:
        self.evaluator, self.pictures, self.epochs = evaluator, pictures, epochs
        self.as_asked = as_asked
        self.last: Score | None = None
        self._evaluated_at: int | None = None

    def on_start(self, loop: TrainingLoop) -> None:
        """Make up for the evaluation at which the run was stopped, if it is resumed."""
        if self._evaluated_at is None:
            self._evaluated_at = loop.iteration
        elif self.is_due(loop):
            self._evaluate(loop)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        # The network of an update that is reported late is a later one.
        if update.iteration == loop.iteration and self.is_due(loop):
            self._evaluate(loop)

    def state_dict(self) -> State:
        return {"evaluated_at": self._evaluated_at}

    def load_state_dict(self, state: State) -> None:
        self._evaluated_at = saved_value(state, "evaluated_at", int, NoneType)

    def is_due(self, loop: TrainingLoop) -> bool:
        net = loop.network.net
        interval = self.epochs * self.pictures // loop.images_per_iteration
        before = self._evaluated_at or 0
        if self.as_asked:
            due = before + max(interval, 1)
        else:
            due = max(before + max(interval, _MIN_INTERVAL), net.burn_in)
        return loop.iteration >= due or loop.iteration == net.max_batches

    def _evaluate(self, loop: TrainingLoop) -> None:
        """Evaluate the network, or say why that failed: the weights come first."""
        try:
            found = self._compute(loop)
        finally:
            loop.network.train()
        self._evaluated_at = loop.iteration
        if found.failure is not None:
            loop.events.on_warning(loop, found.failure)
            return
        score: Score = found.value
        self.last = score
        loop.scores.add(score.value, loop.iteration, score.measure)
        loop.events.on_evaluation(loop, score)

    def _compute(self, loop: TrainingLoop) -> Attempt:
        """Compute the score, or why there is none; the same in all processes.

        Raises:
            Interrupted: a signal came.
        """
        processes = loop.processes

        def on_progress(done: int, total: int) -> None:
            loop.stop_requests.check()
            loop.events.on_evaluation_progress(loop, done, total)

        own = _attempt(loop, lambda: self.evaluator.share(loop, on_progress))
        # All meet here, whatever came of it, so that none waits for one that failed.
        shares = processes.gather(own)
        for one in shares:
            if one.signal:
                raise Interrupted(one.signal)
        failed = next((one for one in shares if one.failure is not None), None)
        if failed is not None:
            return failed
        scored = None
        if processes.is_first:
            found = [one.value for one in shares]
            scored = _attempt(loop, lambda: self.evaluator.score(found))
        result: Attempt = processes.from_first(scored)
        return result


def periodic_evaluation(
    evaluator: Evaluator | None, data: TrainingData, plan: TrainPlan
) -> PeriodicEvaluation | None:
    """The callback that evaluates as a plan says, None without an evaluator."""
    if evaluator is None:
        return None
    usual = CLASSIFIER_EPOCHS if data.kind == CLASSIFIER else DETECTOR_EPOCHS
    asked = plan.map_every
    return PeriodicEvaluation(evaluator, data.pictures, asked or usual, as_asked=asked is not None)


def _attempt(loop: TrainingLoop, compute: Callable[[], Any]) -> Attempt:
    """Compute something that all processes wait for.

    Raises:
        Interrupted: a signal came, and there is one process alone.
    """
    try:
        with loop.interruptible():
            return Attempt(compute())
    except Interrupted as stop:
        if loop.processes.count == 1:
            raise
        return Attempt(signal=stop.number)
    except Exception as error:  # noqa: BLE001 (readers, OpenCV, memory: all end here)
        return Attempt(failure=_failure(error, loop))


def _failure(error: Exception, loop: TrainingLoop) -> str:
    """The message for an evaluation that failed, in one line."""
    processes = loop.processes
    where = f"iteration {loop.iteration}"
    if processes.count > 1:
        where += f", process {processes.rank}"
    reason = str(error) if isinstance(error, DarknetError) else f"{type(error).__name__}: {error}"
    return format_message(
        "the evaluation failed; training goes on, and its weights are saved as before",
        where=where,
        expected="a score",
        got=" ".join(reason.split()),
        fix="evaluate saved weights with dtorch map; a smaller --valid-split or fewer --workers "
        "take less memory",
    )
