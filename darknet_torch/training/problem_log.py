"""The faults that a training meets in its data, each once. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from darknet_torch.datasets.examples import Problem
from darknet_torch.training.callbacks import Callback

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop


class ProblemLog:
    """Faults in the order they are met; a picture that is drawn again adds no second one."""

    def __init__(self) -> None:
        self._met: dict[Problem, None] = {}

    def add(self, problems: Iterable[Problem]) -> list[Problem]:
        """Add `problems` and return those of them that are new."""
        new = [problem for problem in dict.fromkeys(problems) if problem not in self._met]
        self._met.update(dict.fromkeys(new))
        return new

    @property
    def all(self) -> tuple[Problem, ...]:
        """All faults so far, in the order they were met."""
        return tuple(self._met)

    @property
    def counts(self) -> dict[str, int]:
        """Kind of fault -> how many there are; notes are no faults."""
        return dict(Counter(problem.kind for problem in self._met if not problem.is_note))


class ProblemSummary(Callback):
    """Says at the end how many faults of each kind the data has."""

    def on_end(self, loop: TrainingLoop) -> None:
        counts = loop.problems.counts
        if counts:
            listed = ", ".join(f"{count} x {kind}" for kind, count in counts.items())
            loop.events.on_message(loop, f"problems in the data: {listed}")
