"""Draws the chart of a training while it runs: ``<cfg>_chart.png``."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.extras import install_command
from darknet_torch.files import write_bytes
from darknet_torch.training.records import chart
from darknet_torch.training.records.looked_at import LookedAt
from darknet_torch.training.records.results import Results

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_INTERVAL = 30.0  # seconds
_PAUSE = 50  # times what the last drawing took, so that drawing takes 2 % of the time at most


class ChartFile(LookedAt):
    """Draws the chart every 30 seconds, after evaluations, and when the training ends.

    Args:
        path: the file.
        results: the callback that keeps the numbers, which comes earlier in the list.
        clock: the time in seconds.
    """

    what = "the chart"

    def __init__(
        self,
        path: Path,
        results: Results,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.path, self._results, self._clock = path, results, clock
        self._can_draw = False
        self._drawn_at, self._cost = clock(), 0.0
        self._evaluated = False

    def on_start(self, loop: TrainingLoop) -> None:
        self._drawn_at = self._clock()
        self._can_draw = _has_matplotlib()
        if not self._can_draw:
            loop.events.on_message(
                loop,
                "no chart of this run is drawn, which needs matplotlib: "
                f"{install_command('plot', 'matplotlib')}",
            )

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        since = self._clock() - self._drawn_at
        if since >= _PAUSE * self._cost and (self._evaluated or since >= _INTERVAL):
            self._draw(loop)

    def is_due(self, loop: TrainingLoop) -> bool:
        return False

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        self._evaluated = True

    def on_interrupt(self, loop: TrainingLoop) -> None:
        self._draw(loop)

    def on_error(self, loop: TrainingLoop, error: Exception) -> None:
        self._draw(loop)

    def on_end(self, loop: TrainingLoop) -> None:
        self._draw(loop)

    def _draw(self, loop: TrainingLoop) -> None:
        rows = self._results.rows
        if not (self._can_draw and rows):
            return
        started, self._evaluated = self._clock(), False
        with self.tolerating(loop):
            name = self.path.stem.removesuffix("_chart")
            title = f"{name}: iteration {loop.iteration:,} of {loop.network.net.max_batches:,}"
            drawn = chart.draw_chart(rows, title=title, marks=_phases(loop))
            write_bytes(self.path, drawn.encode())
        self._drawn_at = self._clock()
        self._cost = self._drawn_at - started


def _has_matplotlib() -> bool:
    """Whether matplotlib is there, which is imported only when the first chart is drawn."""
    with suppress(ImportError, ValueError):  # ValueError: sys.modules hides it
        return importlib.util.find_spec("matplotlib") is not None
    return False


def _phases(loop: TrainingLoop) -> dict[int, str]:
    """The iterations after which a phase begins, and what it does; none for one phase alone."""
    if len(loop.phases) == 1:
        return {}
    return {phase.first: phase.description for phase in loop.phases}
