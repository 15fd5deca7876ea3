"""Trainings as their folders describe them. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darknet_torch.cfg.grammar import Section
from darknet_torch.errors import UsageError
from darknet_torch.report.run_files import read_object, read_rows, read_sections, read_text
from darknet_torch.report.run_folders import RunFolder, find_run
from darknet_torch.report.run_history import History, read_history
from darknet_torch.text import real_path
from darknet_torch.training.records.table import ITERATION, Row, overall_scores
from darknet_torch.training.run_folder import ENVIRONMENT, EVENTS, LAST, PLAN, RESULTS, WEIGHTS

_STARTS = "starts"  # the key of the environment's entries
_WEIGHTS = (f"_best{WEIGHTS}", f"_final{WEIGHTS}", f"{LAST}{WEIGHTS}")  # the first that is there


@dataclass(frozen=True)
class Run:
    """A training.

    Attributes:
        label: what tells it from the others.
        place: its folder and its name there.
        rows: of the table of results, those that are whole; empty without a table.
        plan: the options that it was started with; empty without them.
        sections: of its cfg; empty without one.
        start: versions, machine and inputs of its last start; empty without them.
        history: its length, time and end.
        faults: what is missing in the folder or cannot be read, a sentence each.
    """

    label: str
    place: RunFolder
    rows: Sequence[Row]
    plan: Mapping[str, Any]
    sections: Sequence[Section]
    start: Mapping[str, Any]
    history: History
    faults: Sequence[str]

    @property
    def columns(self) -> list[str]:
        """The columns of the table that have a number."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def measure(self) -> str | None:
        """The column with the score that decides over the best weights; None without one."""
        return next(iter(overall_scores(self.columns)), None)

    @property
    def best(self) -> Row | None:
        """The row with the best score, the first of several; None without one."""
        name = self.measure
        if name is None:
            return None
        having = [row for row in self.rows if math.isfinite(row.get(name, math.nan))]
        return max(having, key=lambda row: row[name], default=None)

    @property
    def best_score(self) -> float | None:
        """The best score, 0-1; None without one."""
        return None if self.best is None or self.measure is None else self.best[self.measure]

    @property
    def best_iteration(self) -> int | None:
        """The iteration after which the best score was measured; None without one."""
        return None if self.best is None else int(self.best[ITERATION])

    @property
    def iterations(self) -> int:
        """How many are done, as far as the records go."""
        last = self.rows[-1][ITERATION] if self.rows else 0
        return max(int(last), self.history.iteration)

    def last(self, column: str) -> float | None:
        """The last number in a column of the table; None without one."""
        return next((row[column] for row in reversed(self.rows) if column in row), None)

    @property
    def weights(self) -> Path | None:
        """The best weights, else those of the end, else the last ones; None without any."""
        return next((path for name in _WEIGHTS if (path := self.place.path(name)).is_file()), None)


def read_runs(paths: Sequence[str]) -> list[Run]:
    """Read trainings, and give each a label of its own.

    Args:
        paths: as `find_run` takes them.

    Raises:
        UsageError: one of them is no training, or two are the same one.
    """
    places = [find_run(path) for path in paths]
    first: dict[Path, str] = {}
    for place, path in zip(places, paths, strict=True):
        key = real_path(place.path(""))
        if key in first:
            raise UsageError(
                "the same training twice",
                where=path,
                expected="different trainings",
                got=f"{first[key]} and {path}",
                fix="leave out one of them",
            )
        first[key] = path
    return [read_run(place, label) for place, label in zip(places, _labels(places), strict=True)]


def _labels(places: Sequence[RunFolder]) -> list[str]:
    """Return the shortest kind of name that tells the trainings apart."""
    folders = [real_path(place.folder) for place in places]
    kinds = (
        [folder.name for folder in folders],
        [place.base for place in places],
        [f"{folder.name}/{place.base}" for folder, place in zip(folders, places, strict=True)],
    )
    distinct = (labels for labels in kinds if len(set(labels)) == len(labels))
    return next(distinct, [str(place.path("")) for place in places])


def read_run(place: RunFolder, label: str) -> Run:
    """Read a training, as far as its files can be read."""
    faults: list[str] = []
    return Run(
        label=label,
        place=place,
        rows=read_rows(place.path(RESULTS), faults),
        plan=read_object(place.path(PLAN), faults),
        sections=read_sections(place.path(".cfg"), faults),
        start=_last_start(read_object(place.path(ENVIRONMENT), faults)),
        history=read_history(read_text(place.path(EVENTS), faults)),
        faults=faults,
    )


def _last_start(environment: Mapping[str, Any]) -> Mapping[str, Any]:
    starts = environment.get(_STARTS)
    last = starts[-1] if isinstance(starts, list) and starts else None
    return last if isinstance(last, dict) else {}
