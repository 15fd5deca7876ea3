"""The curves of trainings, a figure for each kind with a line for each training. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.plots.figure import (
    LINES,
    MARKERS,
    Figure,
    count_axis,
    logarithmic_axis,
    percent_axis,
)
from darknet_torch.report.runs import Run
from darknet_torch.training.records.table import EVALUATED, ITERATION

MOST_POINTS = 1000  # of a line, which has fewer pixels
_SIZE = 7.5, 3.8  # inches
_LOGARITHMIC = 10  # the least ratio of values that a logarithmic scale shows better


@dataclass(frozen=True)
class RunPlot:
    """A figure with a line for each training that has the numbers.

    Attributes:
        name: of its files, such as "average-loss".
        title: above it.
        note: a sentence that says what it shows.
        figure: the figure.
    """

    name: str
    title: str
    note: str
    figure: Figure


@dataclass(frozen=True)
class _Curve:
    """What a figure shows.

    Attributes:
        column: of the table of results.
        name, title, note: see `RunPlot`.
        unit: of the values.
        set_scale: sets the scale of the values' axis, given all values.
    """

    column: str
    name: str
    title: str
    unit: str
    note: str
    set_scale: Callable[[Any, np.ndarray], None]


def run_plots(runs: Sequence[Run]) -> list[RunPlot]:
    """Draw the curves of trainings: losses, learning rates and scores.

    Lines of more than `MOST_POINTS` rows are thinned: of each group of rows the lowest and the
    highest are drawn, so that no peak is lost.

    Args:
        runs: in the order of their colours, which are the same in all figures.

    Returns:
        A plot for each curve that at least one training has.

    Raises:
        UsageError: matplotlib is not installed.
    """
    plots = (_plot(curve, runs) for curve in _curves(runs))
    return [plot for plot in plots if plot is not None]


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


def _plot(curve: _Curve, runs: Sequence[Run]) -> RunPlot | None:
    """Draw a curve of each training that has it; None if none has."""
    lines = [(run.label, *_values(run, curve.column)) for run in runs]
    everything = np.concatenate([y for _, _, y in lines])
    if not len(everything):
        return None
    figure = Figure(size=_SIZE)
    axes = figure.axes[0]
    is_evaluated = curve.column.startswith(EVALUATED)
    for index, (label, x, y) in enumerate(lines):
        style = {"linewidth": 0.8 if curve.column == "loss" else 1.5, "linestyle": _line(index)}
        # A line without points keeps the colours of the others as they are in the other figures.
        if is_evaluated or len(x) == 1:
            style |= {"marker": MARKERS[index % len(MARKERS)], "markersize": 4}
        axes.plot(*thinned(x, y), label=label if len(x) else None, **style)
    axes.set(xlabel="iteration", ylabel=curve.unit)
    axes.set_xlim(0, 1.01 * max(x.max(initial=1) for _, x, _ in lines))
    count_axis(axes.xaxis)
    curve.set_scale(axes, everything)
    figure.legend(axes)
    return RunPlot(curve.name, curve.title, curve.note, figure)


def _line(index: int) -> Any:
    return LINES[index % len(LINES)]


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
    """Show a loss that falls from thousands to one on a scale on which both can be read."""
    positive = values[values > 0]
    if len(positive) and positive.max() >= _LOGARITHMIC * positive.min():
        logarithmic_axis(axes.yaxis)
