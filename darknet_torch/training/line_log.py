"""What a training in Python tells: Python's warnings, and Darknet's lines where asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from darknet_torch.errors import CfgNote, CfgWarning, warn
from darknet_torch.printable import print_line
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.progress import Progress, left_to_report

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import Problem
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_SHOWN = 10  # problems in the data


class ProblemWarnings:
    """Issues a `CfgWarning` for each of the first problems in the data."""

    def __init__(self) -> None:
        self._count = 0

    def issue(self, problems: Iterable[Problem]) -> None:
        """Warn of these problems, or say that there are more."""
        for problem in problems:
            self._count += 1
            if self._count <= _SHOWN:
                warn(str(problem), category=CfgNote if problem.is_note else CfgWarning)
            elif self._count == _SHOWN + 1:
                warn("there are more problems like these")


class IssueWarnings(Callback):
    """Issues a `CfgWarning` for each warning, and for the first problems in the data."""

    on_every_rank = True

    def __init__(self) -> None:
        self._problems = ProblemWarnings()

    def on_warning(self, loop: TrainingLoop, text: str) -> None:
        warn(text)

    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None:
        self._problems.issue([problem])


class LineLog(Callback):
    """Prints Darknet's line for each iteration, evaluations and messages to standard output."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def on_start(self, loop: TrainingLoop) -> None:
        self._progress = Progress(loop.network, loop.images_per_iteration)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        assert self._progress is not None
        _print(self._progress.line(update, left_to_report(loop, update)))

    def is_due(self, loop: TrainingLoop) -> bool:
        return self._progress is None or self._progress.is_due

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        _print("\n".join(score.lines))

    def on_message(self, loop: TrainingLoop, text: str) -> None:
        _print(text)


def _print(text: str) -> None:
    print_line(text, sys.stdout)
