"""The chart of the bundled model's training: loss, mAP and learning rate."""

from __future__ import annotations

import csv
from pathlib import Path

from darknet_torch.plots.figure import Figure, count_axis, logarithmic_axis, percent_axis

_SIZE = 10.0, 3.2  # inches
_EVERY = 20  # iterations from one drawn point to the next


def training_chart(table: Path) -> Figure:
    """Draw the table of results that `dtorch train` writes."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses, scores, rates = (figure := Figure(1, 3, size=_SIZE)).axes
    losses.plot(*_column(rows, "average_loss", _EVERY), label="training, moving average")
    losses.plot(*_column(rows, "valid/validation loss"), label="validation")
    scores.plot(*_column(rows, "valid/mAP@0.50"), marker="o", markersize=4)
    rates.plot(*_column(rows, "rate", _EVERY))
    logarithmic_axis(losses.yaxis)
    percent_axis(scores.yaxis)
    figure.legend(losses)
    titles = ("Loss of a picture", "mAP@0.5 of 500 pictures", "Learning rate")
    for axes, title in zip(figure.axes, titles, strict=True):
        axes.set(title=title, xlabel="iteration")
        axes.set_xlim(0)
        count_axis(axes.xaxis)
        axes.locator_params(axis="x", nbins=5)
    scores.set_ylim(0, 1)
    return figure


def _column(
    rows: list[dict[str, str]], name: str, every: int = 1
) -> tuple[list[int], list[float]]:
    """Return the iterations and the values of a column, where there is one."""
    there = [row for row in rows if row.get(name)][::every]
    return [int(row["iteration"]) for row in there], [float(row[name]) for row in there]
