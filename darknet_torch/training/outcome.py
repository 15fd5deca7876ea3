"""The numbers that a training gave, also those of a training in other processes."""

from __future__ import annotations

import json
from array import array
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.training.callbacks import Callback

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update


@dataclass(frozen=True)
class Outcome:
    """The numbers that a training gave.

    Attributes:
        iterations: updates of the weights in all, those before a stop included.
        losses: the loss of each iteration that was made now, a mean per input.
        best_score: of all evaluations of the run, those before a stop included; None without one
            above 0.
        last_score: of the evaluations that were made now.
        names: of the classes; empty if the data set has none.
    """

    iterations: int
    losses: tuple[float, ...]
    best_score: float | None
    last_score: float | None
    names: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write the numbers to a file."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Outcome:
        """The numbers that `save` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        losses, names = tuple(values.pop("losses")), tuple(values.pop("names"))
        return Outcome(**values, losses=losses, names=names)


class LossHistory(Callback):
    """Keeps the losses of a run.

    Attributes:
        losses: the loss of each iteration, a mean per input.
    """

    def __init__(self) -> None:
        self.losses = array("d")

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        self.losses.append(update.loss)

    def is_due(self, loop: TrainingLoop) -> bool:
        return False
