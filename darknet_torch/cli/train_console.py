"""The printed output of a training: iterations to standard output, the rest to standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.reporting import SHOWN_PROBLEMS
from darknet_torch.training.callbacks import Callback, State
from darknet_torch.training.progress import Progress

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import Problem
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop, Update


class ConsoleLog(Callback):
    """Prints each iteration, each evaluation and, unless `quiet`, messages and details."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self._progress: Progress | None = None
        self._average_loss: float | None = None

    def state_dict(self) -> State:
        """The average loss, from which a resumed run goes on."""
        return {"average_loss": self._progress.loss if self._progress else None}

    def load_state_dict(self, state: State) -> None:
        self._average_loss = state.get("average_loss")

    def on_start(self, loop: TrainingLoop) -> None:
        images = loop.batch_size * loop.processes.count
        self._progress = Progress(loop.network, images, self._average_loss)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        assert self._progress is not None
        line = self._progress.line(update)
        if not self.quiet:
            for detail in self._progress.head_lines(update):
                _print(loop, detail, err=True)
        _print(loop, line)

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        _print(loop, "\n".join(score.lines))

    def on_message(self, loop: TrainingLoop, text: str) -> None:
        if not self.quiet:
            _print(loop, text, err=True)

    def on_warning(self, loop: TrainingLoop, text: str) -> None:
        _print(loop, f"warning: {text}", err=True)


class ConsoleProblems(Callback):
    """Prints the first problems in the data, the others are only counted; and long waits."""

    on_every_rank = True

    def __init__(self) -> None:
        self._count = 0

    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None:
        self._count += 1
        if self._count <= SHOWN_PROBLEMS:
            _print(loop, f"{'note' if problem.is_note else 'warning'}: {problem}", err=True)
        elif self._count == SHOWN_PROBLEMS + 1:
            _print(loop, "warning: more problems like these are counted only", err=True)

    def on_waiting(self, loop: TrainingLoop, text: str) -> None:
        _print(loop, text, err=True)


def _print(loop: TrainingLoop, text: str, *, err: bool = False) -> None:
    """Print a line; if nobody reads it, let the training stop where all its processes can."""
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        loop.stop_requests.lose_reader()


@dataclass(frozen=True)
class ConsoleCallbacks:
    """Makes the callbacks above, also in another process."""

    quiet: bool

    def __call__(self) -> tuple[Callback, ...]:
        return ConsoleLog(quiet=self.quiet), ConsoleProblems()
