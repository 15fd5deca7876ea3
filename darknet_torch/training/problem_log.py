"""What was wrong in the data of a run, each fault once. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from darknet_torch.datasets.examples import Problem


class Problems:
    """Faults as they are met; a picture that is drawn again brings no second one."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, problems: Iterable[Problem]) -> list[Problem]:
        """Take note of `problems`; those of them that are new."""
        new = [problem for problem in dict.fromkeys(problems) if problem not in self._found]
        self._found.update(dict.fromkeys(new))
        return new

    @property
    def found(self) -> tuple[Problem, ...]:
        """All so far, in the order they were met."""
        return tuple(self._found)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return dict(Counter(problem.kind for problem in self._found))
