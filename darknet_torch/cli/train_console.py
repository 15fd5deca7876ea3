"""The printed output of a training: iterations to standard output, the rest to standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.reporting import SHOWN_PROBLEMS
from darknet_torch.training.callbacks import Callback
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

    def on_start(self, loop: TrainingLoop) -> None:
        self._progress = Progress(loop.network, loop.batch_size * loop.processes.count)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        assert self._progress is not None
        line = self._progress.line(update)
        if not self.quiet:
            for detail in self._progress.head_lines(update):
                click.echo(detail, err=True)
        click.echo(line)

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        click.echo("\n".join(score.lines))

    def on_message(self, loop: TrainingLoop, text: str) -> None:
        if not self.quiet:
            click.echo(text, err=True)

    def on_warning(self, loop: TrainingLoop, text: str) -> None:
        click.echo(f"warning: {text}", err=True)


class ConsoleProblems(Callback):
    """Prints the first problems in the data, the others are only counted; and long waits."""

    on_every_rank = True

    def __init__(self) -> None:
        self._count = 0

    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None:
        self._count += 1
        if self._count <= SHOWN_PROBLEMS:
            click.echo(f"{'note' if problem.is_note else 'warning'}: {problem}", err=True)
        elif self._count == SHOWN_PROBLEMS + 1:
            click.echo("warning: more problems like these are counted only", err=True)

    def on_waiting(self, loop: TrainingLoop, text: str) -> None:
        click.echo(text, err=True)


@dataclass(frozen=True)
class ConsoleCallbacks:
    """Makes the callbacks above, also in another process."""

    quiet: bool

    def __call__(self) -> tuple[Callback, ...]:
        return ConsoleLog(quiet=self.quiet), ConsoleProblems()
