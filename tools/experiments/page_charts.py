"""Charts of docs/experiments.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from darknet_torch.plots.figure import (
    COLOURS,
    FAINT,
    LINES,
    MARKERS,
    Figure,
    count_axis,
    logarithmic_axis,
)
from tools.experiments.page_tables import labels_of
from tools.experiments.summary import RowSummary, Spread, StageSummary

_MAP = "mAP@0.5 in %"
_LOSS, _RATE, _EVALUATED = "average_loss", "rate", "valid/mAP@0.50"  # columns of a curve
_Points = tuple[list[float], list[float]]


def seed_chart(summaries: Sequence[StageSummary]) -> Figure:
    """The scores of each stage: single seeds, their mean and their range."""
    rows = max(len(summary.rows) for summary in summaries)
    size = (4.0 + 3.0 * len(summaries), 1.3 + 0.35 * rows)
    figure = Figure(1, len(summaries), size=size)
    for axes, summary in zip(figure.axes, summaries, strict=True):
        _draw_seeds(axes, summary)
    return figure


def loss_chart(summaries: Sequence[StageSummary]) -> Figure:
    """The scores of the last stage, and the losses over its iterations."""
    last = summaries[-1]
    figure = Figure(2, 1, size=(9.5, 3.6 + 0.35 * len(last.rows)))
    _draw_seeds(figure.axes[0], last)
    _draw_curves(figure.axes[1], last, _LOSS, "average loss")
    logarithmic_axis(figure.axes[1].yaxis)
    figure.legend(figure.axes[1])
    return figure


def schedule_chart(summaries: Sequence[StageSummary]) -> Figure:
    """The rate, the loss and the score over the iterations of the last stage, and the scores."""
    last = summaries[-1]
    figure = Figure(2, 2, size=(9.0, 5.5))
    rate, loss, score, seeds = figure.axes
    _draw_curves(rate, last, _RATE, "learning rate")
    rate.ticklabel_format(axis="y", style="plain", useOffset=False)
    rate.set_ylim(0, None)
    figure.legend(rate)
    _draw_curves(loss, last, _LOSS, "average loss")
    logarithmic_axis(loss.yaxis)
    _draw_curves(score, last, _EVALUATED, _MAP, scale=100)
    score.set_ylim(0, None)
    _draw_seeds(seeds, last)
    return figure


def size_chart(summaries: Sequence[StageSummary]) -> Figure:
    """The score by the size of the network's input in the evaluation, a line for each row."""
    last = summaries[-1]
    labels = labels_of(last)
    figure = Figure(size=(6.0, 3.5))
    axes = figure.axes[0]
    for index, row in enumerate(last.rows):
        spreads = [row.comparisons[label].map50 for label in labels]
        sizes = [int(label) + 2 * index for label in labels]  # bars that do not overlap
        colour = COLOURS[index]
        means = [_in_percent(spread.mean) for spread in spreads]
        axes.plot(sizes, means, label=row.row.name, color=colour, linestyle=LINES[index])
        for size, spread in zip(sizes, spreads, strict=True):
            _draw_spread(axes, size, spread, colour, MARKERS[index], vertical=True)
    axes.set(xlabel="width and height of the evaluation, pixels", ylabel=_MAP)
    axes.set_xticks([int(label) for label in labels])
    figure.legend(axes)
    return figure


def threshold_chart(summaries: Sequence[StageSummary]) -> Figure:
    """The boxes found, and the average precisions, by the threshold."""
    rows = [row for row in summaries[-1].rows if row.results[0].scores]
    thresholds = [float(row.row.options[-1]) for row in rows]
    scores = [next(iter(row.results[0].scores.values())) for row in rows]
    figure = Figure(1, 2, size=(8.0, 3.2))
    boxes, precision = figure.axes
    boxes.plot(thresholds, [one.detections for one in scores], marker=MARKERS[0])
    boxes.set(ylabel="boxes found")
    logarithmic_axis(boxes.yaxis)
    map50, ap = ([100 * one.map50 for one in scores], [100 * one.ap for one in scores])
    precision.plot(thresholds, map50, marker=MARKERS[0], label="mAP@0.5")
    precision.plot(thresholds, ap, marker=MARKERS[1], label="AP@[.5:.95]")
    precision.set(ylabel="average precision in %", ylim=(0, None))
    figure.legend(precision)
    for axes in figure.axes:
        logarithmic_axis(axes.xaxis)
        axes.set(xlabel="confidence threshold")
    return figure


def _draw_seeds(axes: Any, summary: StageSummary) -> None:
    label = next(iter(summary.rows[0].comparisons))
    names = [
        row.row.name if row.comparisons[label].map50.values else f"{row.row.name} (diverged)"
        for row in summary.rows
    ]
    for place, row in enumerate(summary.rows):
        colour = FAINT if place == 0 else COLOURS[0]
        _draw_spread(axes, place, row.comparisons[label].map50, colour, MARKERS[0])
    default = summary.rows[0].comparisons[label].map50.mean
    axes.axvline(_in_percent(default), color=FAINT, linestyle=":", linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel=_MAP, title=summary.stage.name)


def _draw_spread(
    axes: Any, place: float, spread: Spread, colour: str, marker: str, *, vertical: bool = False
) -> None:
    """Draw a bar over the range of the seeds, a stroke at their mean, and each seed."""
    values = [100 * value for value in spread.values]
    places = [place] * len(values)
    mean = _in_percent(spread.mean)
    middle = (place, mean) if vertical else (mean, place)
    along, across = (places, values) if vertical else (values, places)
    axes.plot(along, across, linestyle="-", color=colour, linewidth=4, alpha=0.3)
    axes.plot(along, across, linestyle="none", color=colour, marker=marker, markersize=4)
    stroke = "_" if vertical else "|"
    axes.plot(*middle, linestyle="none", color=colour, marker=stroke, markersize=13)


def _in_percent(value: float | None) -> float:
    """What is drawn for a part of 1; nothing for None."""
    return math.nan if value is None else 100 * value


def _draw_curves(
    axes: Any, summary: StageSummary, column: str, title: str, *, scale: float = 1
) -> None:
    for row in summary.rows:
        iterations, means = _mean_curve(row, column)
        axes.plot(iterations, [scale * value for value in means], label=row.row.name)
    axes.set(xlabel="iteration", ylabel=title)
    count_axis(axes.xaxis)


def _mean_curve(row: RowSummary, column: str) -> _Points:
    """The mean of the seeds at each iteration that has a number."""
    found: dict[float, list[float]] = {}
    for result in row.results:
        numbers = result.curve.get(column, [])
        for iteration, number in zip(result.curve.get("iteration", []), numbers, strict=False):
            if iteration is not None and number is not None:
                found.setdefault(iteration, []).append(number)
    iterations = sorted(found)
    return iterations, [fmean(found[one]) for one in iterations]
