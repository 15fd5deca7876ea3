"""The printed output of a training: iterations to standard output, the rest to standard error.

On a terminal one live display stands in for the lines of the iterations.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from darknet_torch.cli.reporting import SHOWN_PROBLEMS
from darknet_torch.cli.terminal import LiveDisplay, echo, find_console
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.progress import IterationTimer, Progress, left_to_report

if TYPE_CHECKING:
    from rich.console import Console

    from darknet_torch.datasets.examples import Problem
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.forward import MiniBatchResult
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_ROOM = 8  # lines that a live display takes, even in a narrow terminal


class _Messages(Callback):
    """Prints evaluations, warnings and, unless `quiet`, messages."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        _print(loop, "\n".join(score.lines))

    def on_message(self, loop: TrainingLoop, text: str) -> None:
        if not self.quiet:
            _print(loop, text, err=True)

    def on_warning(self, loop: TrainingLoop, text: str) -> None:
        _print(loop, f"warning: {text}", err=True)


class ConsoleLog(_Messages):
    """Prints each iteration as Darknet does, and unless `quiet` its details."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._progress: Progress | None = None

    def on_start(self, loop: TrainingLoop) -> None:
        self._progress = Progress(loop.network, loop.images_per_iteration)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        assert self._progress is not None
        line = self._progress.line(update, left_to_report(loop, update))
        if not self.quiet:
            for detail in self._progress.head_lines(update):
                _print(loop, detail, err=True)
        _print(loop, line)

    def is_due(self, loop: TrainingLoop) -> bool:
        return self._progress is None or self._progress.is_due


class LiveLog(_Messages):
    """Shows the training in a live display, above which everything else is printed.

    Args:
        console: rich's console of the terminal.
        timer: measures the iterations.
    """

    def __init__(self, console: Console, timer: IterationTimer | None = None) -> None:
        super().__init__(quiet=False)
        self._console, self._timer = console, timer or IterationTimer()
        self._display: LiveDisplay | None = None

    def on_start(self, loop: TrainingLoop) -> None:
        from darknet_torch.cli.training_display import TrainingDisplay

        net = loop.network.net
        self._shown = TrainingDisplay(
            net.max_batches,
            net.subdivisions,
            loop.images_per_iteration,
            loop.iteration,
            scores=loop.scores,
        )
        self._display = LiveDisplay(self._console, self._shown, keep=True)
        self._display.start()
        self._timer.start()

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        self._shown.mini_batches, self._shown.evaluated = self._shown.mini_batches + 1, None
        self._refresh()

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        from darknet_torch.cli.training_display import add_losses, average_fit

        self._timer.add_iteration(left_to_report(loop, update))
        shown = self._shown
        shown.iteration, shown.mini_batches, shown.epoch = update.iteration, 0, loop.epochs
        shown.loss, shown.average_loss, shown.rate = update.loss, update.average_loss, update.rate
        shown.loss_parts, shown.fit = add_losses(update.parts), average_fit(update.parts)
        shown.seconds = self._timer.seconds
        self._refresh()

    def is_due(self, loop: TrainingLoop) -> bool:
        return self._timer.is_due

    def on_evaluation_progress(self, loop: TrainingLoop, done: int, total: int) -> None:
        self._shown.evaluated = (done, total) if done < total else None
        self._refresh()

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        self._timer.pause()
        super().on_evaluation(loop, score)

    def on_interrupt(self, loop: TrainingLoop) -> None:
        self._close()

    def on_error(self, loop: TrainingLoop, error: Exception) -> None:
        self._close()

    def on_end(self, loop: TrainingLoop) -> None:
        self._close()

    def _refresh(self) -> None:
        if self._display is not None:
            self._display.refresh()

    def _close(self) -> None:
        if self._display is not None:  # else another callback failed at the start
            self._display.close()


class ConsoleProblems(Callback):
    """Prints the first problems in the data, the others are only counted; and long waits.

    Args:
        beside_display: the first process shows a live display. It draws over what others print
            in the lines that the display takes, so these are left empty.
    """

    on_every_rank = True

    def __init__(self, *, beside_display: bool = False) -> None:
        self._count, self._beside_display = 0, beside_display

    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None:
        self._count += 1
        if self._count <= SHOWN_PROBLEMS:
            self._print(loop, f"{'note' if problem.is_note else 'warning'}: {problem}")
        elif self._count == SHOWN_PROBLEMS + 1:
            self._print(loop, "warning: more problems like these are counted only")

    def on_waiting(self, loop: TrainingLoop, text: str) -> None:
        self._print(loop, text)

    def _print(self, loop: TrainingLoop, text: str) -> None:
        leaves_room = self._beside_display and not loop.processes.is_first
        _print(loop, text + "\n" * _ROOM if leaves_room else text, err=True)


def _print(loop: TrainingLoop, text: str, *, err: bool = False) -> None:
    """Print a line; if nobody reads it, let the training stop where all its processes can."""
    try:
        echo(text, err=err)
    except BrokenPipeError:
        loop.stop_requests.lose_reader()


@dataclass(frozen=True)
class ConsoleCallbacks:
    """Makes the callbacks above, also in another process."""

    quiet: bool

    def __call__(self) -> tuple[Callback, ...]:
        console = None if self.quiet else find_console(sys.stdout)
        log = ConsoleLog(quiet=self.quiet) if console is None else LiveLog(console)
        return log, ConsoleProblems(beside_display=console is not None)
