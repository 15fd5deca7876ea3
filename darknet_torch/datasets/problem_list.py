"""A list of problems that is short enough to be read. No torch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from darknet_torch.datasets.examples import Problem

MOST_LISTED = 1000  # problems of one kind in one file; one of COCO has all boxes
_PLACE = re.compile(r":( box )?\d+$")  # of a box in a file, as `Example.box_place` writes it


def first_problems(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Yield the problems in their order, but of one kind in one file only the first.

    One that follows the `MOST_LISTED` first ones says how many others there are: a label file may
    have millions of wrong lines.
    """
    totals = Counter(map(_kind_and_file, problems))
    listed: Counter[tuple[str, str]] = Counter()
    for problem in problems:
        key = _kind_and_file(problem)
        listed[key] += 1
        if listed[key] <= MOST_LISTED:
            yield problem
        elif listed[key] == MOST_LISTED + 1:
            yield _rest(problem, totals[key] - MOST_LISTED)


def _kind_and_file(problem: Problem) -> tuple[str, str]:
    return problem.kind, _PLACE.sub("", problem.where)


def _rest(problem: Problem, count: int) -> Problem:
    kind, file = _kind_and_file(problem)
    fix = "dtorch dataset check --format json lists all"
    return Problem(kind, file, f"{count:,} more of this kind", fix=fix, is_note=problem.is_note)
