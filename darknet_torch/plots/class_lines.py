"""Which classes have a line in a plot, and how it looks: few names, many faint lines. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.plots.figure import COLOURS, FAINT, LINES
from darknet_torch.plots.labels import shown_name

_MOST_NAMED = 7
_NAMED_ENDS = 3  # of many classes so many of the best, and of the worst
_MOST_FAINT = 40  # lines: more make a file larger, but not clearer
_FAINT_STEP = 5
_NAME_COLUMNS = 16
_FAINT: Mapping[str, Any] = {"color": FAINT, "linestyle": "-", "linewidth": 0.6, "alpha": 0.5}
_ALL: Mapping[str, Any] = {"color": COLOURS[-1], "linestyle": "-", "linewidth": 2.4, "zorder": 3}


@dataclass(frozen=True)
class ClassLine:
    """A line of a plot.

    Attributes:
        index: of the class, -1 for all together.
        name: as it is shown; None for a line without a name.
        style: arguments of matplotlib's `plot`.
        step: of the points every so many-th is enough.
    """

    index: int
    name: str | None
    style: Mapping[str, Any]
    step: int = 1


def class_lines(names: Sequence[str], scores: Sequence[float | None]) -> list[ClassLine]:
    """Choose the lines of a plot.

    Args:
        names: [C] of the classes.
        scores: [C] the higher, the better; None for a class without a line.

    Returns:
        Lines in the order in which they are drawn and named. The last is that of all classes
        together, unless there is only one class, or none has a line.
    """
    ranked = sorted(
        (index for index, score in enumerate(scores) if score is not None),
        key=lambda index: -(scores[index] or 0),
    )
    named, faint = sorted(ranked), []
    if len(ranked) > _MOST_NAMED:
        named = ranked[:_NAMED_ENDS] + ranked[-_NAMED_ENDS:]
        faint = _evenly(ranked[_NAMED_ENDS:-_NAMED_ENDS])
    lines = [ClassLine(index, None, _FAINT, _FAINT_STEP) for index in faint]
    for place, index in enumerate(named):
        lines.append(ClassLine(index, shown_name(names[index], _NAME_COLUMNS), _style(place)))
    if ranked and len(names) > 1:
        lines.append(ClassLine(-1, "all", _ALL))
    return lines


def many_classes(best: str, worst: str) -> str:
    """Return how `class_lines` treats many classes, in a sentence without a full stop.

    Args:
        best, worst: adjectives for classes with high and low scores.
    """
    return (
        f"With more than {_MOST_NAMED} classes, the {_NAMED_ENDS} {best} and the {_NAMED_ENDS} "
        f"{worst} are named, and the others (at most {_MOST_FAINT} of them) are grey"
    )


def _evenly(ranked: Sequence[int]) -> list[int]:
    places = np.linspace(0, len(ranked) - 1, min(len(ranked), _MOST_FAINT)).round().astype(int)
    return [ranked[place] for place in places]


def _style(place: int) -> dict[str, Any]:
    colours = COLOURS[:-1]  # the last is that of all classes
    return {
        "color": colours[place % len(colours)],
        "linestyle": LINES[place % len(LINES)],
        "linewidth": 1.5,
    }
