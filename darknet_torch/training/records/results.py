"""The numbers of a training as a table, ``<cfg>_results.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.training.progress import IterationTimer, left_to_report
from darknet_torch.training.records.looked_at import LookedAt
from darknet_torch.training.records.parts import combine_parts
from darknet_torch.training.records.table import EVALUATED, ITERATION, Row, Table

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_ROWS = 10_000  # of a whole training, at most, besides those of its evaluations


def is_recorded(iteration: int, max_batches: int) -> bool:
    """Whether an iteration has a row: each one, or each N-th of a training of many."""
    interval = -(-max_batches // _ROWS) or 1
    return iteration in (1, max_batches) or iteration % interval == 0


def measures_of(score: Score) -> Mapping[str, float]:
    """The numbers of an evaluation by their names."""
    return {score.measure: score.value, **score.measures}


class Results(LookedAt):
    """Writes a row for each iteration, or each N-th, and for each evaluation.

    Args:
        path: the file.
        continues: the run goes on from an earlier one, whose rows stay as far as it goes on.
        timer: measures the iterations.

    Attributes:
        rows: of the whole run.
    """

    what = "the table of results"

    def __init__(
        self, path: Path, *, continues: bool, timer: IterationTimer | None = None
    ) -> None:
        super().__init__()
        self.continues, self._table = continues, Table(path)
        self._timer = timer or IterationTimer()

    @property
    def rows(self) -> list[Row]:
        """The rows so far; each has its "iteration", and only the numbers that there are."""
        return self._table.rows

    def on_start(self, loop: TrainingLoop) -> None:
        if self.continues:
            self._table.read(until=loop.iteration)
        self._timer.start()

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        self._timer.add_iteration(left_to_report(loop, update))
        rows = self._table.rows
        if is_recorded(update.iteration, loop.network.net.max_batches) or (
            rows and rows[-1][ITERATION] == update.iteration
        ):
            with self.tolerating(loop):
                self._table.add(self._row(loop, update))

    def is_due(self, loop: TrainingLoop) -> bool:
        return False

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        self._timer.pause()
        with self.tolerating(loop):
            measures = {f"{EVALUATED}{name}": one for name, one in measures_of(score).items()}
            self._table.add({ITERATION: loop.iteration, **measures})

    def _row(self, loop: TrainingLoop, update: Update) -> Row:
        row: Row = {ITERATION: update.iteration}
        if loop.epochs is not None:
            row["epoch"] = loop.epochs * update.iteration / max(1, loop.iteration)
        if self._timer.seconds:
            row["images_per_second"] = loop.images_per_iteration / self._timer.seconds
        row |= {"loss": update.loss, "average_loss": update.average_loss, "rate": update.rate}
        return row | combine_parts(update.parts)
