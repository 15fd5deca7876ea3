"""The files that a training leaves."""

from __future__ import annotations

import io
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.files import atomic_write, write_bytes
from darknet_torch.losses.rejection import Rejection
from darknet_torch.model.weights import write_weights
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.trainer import Trainer

STATE = "_last.state"


class Saver:
    """Writes weights as Darknet names them, and the state to go on from.

    Args:
        plan: where to.
        trainer: what.

    Source: detector.c train_detector, parser.c save_weights (AlexeyAB).
    """

    def __init__(self, plan: TrainPlan, trainer: Trainer) -> None:
        self.plan, self.trainer = plan, trainer
        folder = Path(plan.backup)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot be created ({error.strerror})", where=folder) from None
        self.interval = plan.save_interval(trainer.network.net.max_batches)
        if not self.trainer.processes.is_first:
            self.interval = 0

    def after(self, iteration: int) -> None:
        """What is due after an update."""
        if self.interval and iteration % self.interval == 0:
            self.weights(f"_{iteration}.weights")
        often = self.plan.save_last
        if self.interval > often > 0 and iteration % often == 0 and iteration > 1:
            self.last()

    def last(self) -> None:
        """The weights so far, what else is needed to go on, and their moving average."""
        self.weights("_last.weights")
        self._state()
        if self.trainer.average.averages:
            self.trainer.average.swap()
            self.weights("_ema.weights")
            self.trainer.average.swap()

    def weights(self, suffix: str) -> Path:
        """Write the weights under the name of the run and `suffix`."""
        path, network = self.plan.path(suffix), self.trainer.network
        # AlexeyAB's save_weights counts iterations, not pictures of broken batches.
        seen = self.trainer.iteration * self.trainer.batch
        network.header = replace(network.header, seen=seen)
        write_weights(network, path)
        return path

    def _state(self) -> None:
        state = {
            "iteration": self.trainer.iteration,
            "seen": self.trainer.seen,
            "optimizer": self.trainer.optimizer.state_dict(),
            "averages": self.trainer.average.averages,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "carried": self.trainer.run.carried(),
            "rejection": asdict(self.trainer.rejection),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_bytes(self.plan.path(STATE), buffer.getvalue())


def resume(plan: TrainPlan, trainer: Trainer) -> None:
    """Go on from the state that `Saver.last` left; the weights are read already.

    Raises:
        UsageError: there is none, or it belongs to another network.
    """
    path = plan.path(STATE)
    if not path.is_file():
        raise UsageError("nothing to resume", where=path, expected="the state of a stopped run")
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        if state["iteration"] != trainer.iteration:
            raise ValueError(f"it is of iteration {state['iteration']}")
        trainer.optimizer.load_state_dict(state["optimizer"])
        trainer.average.averages = [
            average.to(array.device)
            for average, array in zip(state["averages"], trainer.average.arrays, strict=False)
        ]
        trainer.run.restore(state["carried"])
        trainer.rejection = Rejection(**state["rejection"])
    except (ValueError, KeyError, RuntimeError, OSError, EOFError) as error:
        raise UsageError(
            "does not belong to these weights", where=path, got=str(error).splitlines()[0]
        ) from None
    trainer.seen = state["seen"]
    torch.set_rng_state(state["random"])
    if len(state["random_cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["random_cuda"])


def keep_cfg(plan: TrainPlan) -> None:
    """Copy the cfg beside the weights, so that the folder is complete."""
    target = plan.path(".cfg")
    if target.resolve() == Path(plan.cfg).resolve():
        return
    try:
        with atomic_write(target) as file, Path(plan.cfg).open("rb") as source:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise WeightsError(f"cannot be written ({error.strerror})", where=target) from None
