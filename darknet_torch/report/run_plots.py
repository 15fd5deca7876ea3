"""The curves of trainings, a figure for each kind with a line for each training. No torch."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.plots.figure import (
    MARKERS,
    Figure,
    count_axis,
    logarithmic_axis_if_wide,
    percent_axis,
)
from darknet_torch.report.named_plots import WIDTH, NamedPlot
from darknet_torch.report.runs import Run
from darknet_torch.training.records.table import EVALUATED, ITERATION

MOST_POINTS = 1000  # of a line, which has fewer pixels
_HEIGHT = 3.6  # inches


@dataclass(frozen=True)
class _Curve:
    """What a figure shows.

    Attributes:
        column: of the table of results.
        name, title, note: see `NamedPlot`.
        unit: of the values.
        set_scale: sets the scale of the values' axis, given all values.
    """

    column: str
    name: str
    title: str
    unit: str
    note: str
    set_scale: Callable[[Any, np.ndarray], None]


def run_plots(runs: Sequence[Run]) -> list[NamedPlot[Sequence[Run]]]:
    """Return the curves that at least one training has: scores, losses and learning rates.

    Lines of more than `MOST_POINTS` rows are thinned: of each group of rows the lowest and the
    highest are drawn, so that no peak is lost. A training has the same colour in all figures.
    """
    return [
        NamedPlot(curve.name, curve.title, curve.note, functools.partial(_draw, curve))
        for curve in _curves(runs)
        if any(len(_values(run, curve.column)[0]) for run in runs)
    ]


def _curves(runs: Sequence[Run]) -> Iterator[_Curve]:
    """The curves that may be drawn, the most telling ones first."""
    for column in dict.fromkeys(run.measure for run in runs if run.measure is not None):
        score = column.removeprefix(EVALUATED)
        name = "".join(sign if sign.isalnum() else "-" for sign in score).lower()
        note = "Each evaluation's score, by which a training keeps its best weights."
        yield _Curve(column, name, score, "score", note, _score_scale)
    yield _Curve(
        "average_loss",
        "average-loss",
        "Average loss",
        "loss of a picture, moving average",
        "Darknet's moving average of the loss; trainings with other losses are not comparable.",
        _loss_scale,
    )
    yield _Curve(
        "loss",
        "loss",
        "Loss",
        "loss of a picture, mean",
        "The loss of single iterations.",
        _loss_scale,
    )
    yield _Curve(
        f"{EVALUATED}validation loss",
        "validation-loss",
        "Validation loss",
        "loss of a picture, mean",
        "The loss on the evaluation's pictures, without augmentation; one that rises while the "
        "average loss falls says that the network overfits.",
        _loss_scale,
    )
    yield _Curve(
        "rate", "rate", "Learning rate", "rate", "The learning rate of each update.", _rate_scale
    )


def _draw(curve: _Curve, runs: Sequence[Run]) -> Figure:
    """Draw a curve of each training that has it."""
    lines = [_values(run, curve.column) for run in runs]
    figure = Figure(size=(WIDTH, _HEIGHT))
    axes = figure.axes[0]
    width = 0.8 if curve.column == "loss" else 1.4
    for index, (run, (x, y)) in enumerate(zip(runs, lines, strict=True)):
        # A line without points is drawn, too: it takes its colour.
        marker = MARKERS[index % len(MARKERS)] if _has_few_points(curve, x) else None
        label = run.label if len(x) else None
        axes.plot(*thinned(x, y), label=label, linewidth=width, marker=marker, markersize=4)
    axes.set(xlabel="iteration", ylabel=curve.unit)
    axes.set_xlim(0, 1.01 * max(x.max(initial=1) for x, _ in lines))
    count_axis(axes.xaxis)
    curve.set_scale(axes, np.concatenate([y for _, y in lines]))
    drawn = [line for line in axes.lines if len(line.get_xdata())]
    if drawn and len(runs) > 1:
        figure.legend_below(drawn, [line.get_label() for line in drawn])
    return figure


def _has_few_points(curve: _Curve, x: np.ndarray) -> bool:
    return curve.column.startswith(EVALUATED) or len(x) == 1


def _values(run: Run, column: str) -> tuple[np.ndarray, np.ndarray]:
    """The iterations that have a finite number in a column, and the numbers."""
    having = [
        (row[ITERATION], row[column])
        for row in run.rows
        if math.isfinite(row.get(column, math.nan))
    ]
    table = np.array(having, float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def thinned(
    x: np.ndarray, y: np.ndarray, most: int = MOST_POINTS
) -> tuple[np.ndarray, np.ndarray]:
    """Leave out points of a line that no picture could show.

    Args:
        x, y: [N] coordinates.
        most: points to keep, 4 or more.

    Returns:
        The first and the last point, and of each group of points in between the lowest and the
        highest, in order; at most `most` in all.
    """
    if len(x) <= most:
        return x, y
    groups = np.array_split(np.arange(1, len(x) - 1), (most - 2) // 2)
    kept = {0, len(x) - 1}
    for group in groups:
        kept |= {int(group[y[group].argmin()]), int(group[y[group].argmax()])}
    rows = sorted(kept)
    return x[rows], y[rows]


def _score_scale(axes: Any, values: np.ndarray) -> None:
    axes.set_ylim(0, 1.02)
    percent_axis(axes.yaxis)


def _rate_scale(axes: Any, values: np.ndarray) -> None:
    axes.set_ylim(bottom=0)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))


def _loss_scale(axes: Any, values: np.ndarray) -> None:
    logarithmic_axis_if_wide(axes.yaxis, values)
