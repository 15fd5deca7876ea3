"""The last and the best score of a run, and when it had them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import NoneType
from typing import Any

from darknet_torch.training.saved_values import saved_value

DatedScore = tuple[float, int]  # 0-1, and the iteration of the evaluation


@dataclass
class ScoreHistory:
    """The scores of a run, those before a stop included.

    Attributes:
        measure: what the evaluations measure, such as mAP@0.50; empty before the first.
        last: the score of the last evaluation, None before the first.
        best: the highest score above 0, of equal ones the latest, whose weights are kept. None
            before: at 0 there is nothing by which one network is better than another.
        had_best: whether there was a best score before the last evaluation.
    """

    measure: str = ""
    last: DatedScore | None = None
    best: DatedScore | None = None
    had_best: bool = field(default=False, compare=False)

    @property
    def last_is_best(self) -> bool:
        """Whether the last evaluation gave the best score."""
        return self.best is not None and self.best == self.last

    def add(self, value: float, iteration: int, measure: str) -> None:
        """Add the score of an evaluation, 0-1; those of another measure do not compare with it."""
        if measure != self.measure:
            self.best = None
        self.measure, self.last = measure, (value, iteration)
        self.had_best = self.best is not None
        if value > 0 and (self.best is None or value >= self.best[0]):
            self.best = self.last

    def state_dict(self) -> dict[str, Any]:
        """The scores as plain values."""
        return asdict(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; a state without scores changes nothing.

        Raises:
            ValueError: it is something else.
        """
        self.measure = saved_value(state, "measure", str, default=self.measure)
        self.last, self.best = _score(state, "last", self.last), _score(state, "best", self.best)
        self.had_best = saved_value(state, "had_best", bool, default=self.best is not None)


def _score(state: Mapping[str, Any], name: str, default: DatedScore | None) -> DatedScore | None:
    found = saved_value(state, name, tuple, list, NoneType, default=default)
    if found is None:
        return None
    value, iteration = found
    parts = {"value": value, "iteration": iteration}
    return saved_value(parts, "value", float), saved_value(parts, "iteration", int)
