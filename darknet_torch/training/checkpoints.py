"""The files that a training writes: weights under Darknet's names, and its state."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.files import atomic_write, write_bytes
from darknet_torch.model.weights import write_weights
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.plan import TrainPlan

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop, Update

STATE = "_last.state"


class Checkpoints(Callback):
    """Writes the plan, the cfg, weights as Darknet names them, and the state to resume from.

    Source: detector.c train_detector, parser.c save_weights (AlexeyAB).
    """

    def __init__(self, plan: TrainPlan) -> None:
        self.plan = plan
        self._best = -1.0

    def on_start(self, loop: TrainingLoop) -> None:
        """Create the folder of the run.

        Raises:
            UsageError: it cannot be created, or a file in it cannot be written.
        """
        folder = Path(self.plan.backup)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot be created ({error.strerror})", where=folder) from None
        self.plan.save()
        keep_cfg(self.plan)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        iteration, often = loop.iteration, self.plan.save_last
        interval = self.plan.save_interval(loop.network.net.max_batches)
        if iteration % interval == 0:
            self._write_weights(loop, f"_{iteration}.weights")
        if interval > often > 0 and iteration % often == 0 and iteration > 1:
            self._write_last(loop)

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        if score.value >= self._best:
            self._best = score.value
            self._write_weights(loop, "_best.weights")

    def on_interrupt(self, loop: TrainingLoop) -> None:
        self._write_last(loop)
        files = f"{self.plan.path('_last.weights')} and {self.plan.path(STATE)}"
        loop.events.on_message(loop, f"stopped; --resume continues from {files}")

    def on_end(self, loop: TrainingLoop) -> None:
        self._write_weights(loop, "_final.weights")

    def _write_last(self, loop: TrainingLoop) -> None:
        """Write the weights, the state to resume from, and the moving average of the weights."""
        self._write_weights(loop, "_last.weights")
        self._write_state(loop)
        if loop.average.averages:
            loop.average.swap()
            self._write_weights(loop, "_ema.weights")
            loop.average.swap()

    def _write_weights(self, loop: TrainingLoop, suffix: str) -> None:
        write_weights(loop.network, self.plan.path(suffix))

    def _write_state(self, loop: TrainingLoop) -> None:
        buffer = io.BytesIO()
        torch.save(loop.state_dict(), buffer)
        write_bytes(self.plan.path(STATE), buffer.getvalue(), durable=True)


def resume(plan: TrainPlan, loop: TrainingLoop) -> None:
    """Load the state that `Checkpoints` wrote; the weights have been read already.

    Raises:
        UsageError: there is none, or it belongs to another network.
    """
    path = plan.path(STATE)
    if not path.is_file():
        raise UsageError("nothing to resume", where=path, expected="the state of a stopped run")
    try:
        loop.load_state_dict(torch.load(path, weights_only=True))
    except (ValueError, KeyError, RuntimeError, OSError, EOFError) as error:
        raise UsageError(
            "does not belong to these weights",
            where=path,
            got=str(error).splitlines()[0],
            fix="start again from the weights, without --resume",
        ) from None


def keep_cfg(plan: TrainPlan) -> None:
    """Copy the cfg next to the weights, so that the folder is complete.

    Args:
        plan: says which cfg and which folder. Nothing is copied if the cfg is already there
            under that name.

    Raises:
        WeightsError: the copy cannot be written; an older file is then untouched.
    """
    target = plan.path(".cfg")
    if target.resolve() == Path(plan.cfg).resolve():
        return
    try:
        with atomic_write(target) as file, Path(plan.cfg).open("rb") as source:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise WeightsError(f"cannot be written ({error.strerror})", where=target) from None
