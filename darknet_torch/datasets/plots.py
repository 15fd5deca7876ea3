"""Plots the statistics of a data set. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.datasets.statistics import Statistics
from darknet_torch.plots.figure import (
    COLOURS,
    MARKERS,
    Figure,
    count_axis,
    count_bins,
    percent_axis,
)

_LOW, _HIGH, _PER_CLASS = 5.0, 40.0, 0.22  # inches


def plot_statistics(statistics: Sequence[Statistics], out: Path) -> None:
    """Plot boxes per class, box sizes, and boxes per picture into one file.

    Args:
        statistics: the statistics of each split.
        out: the file to write; its suffix selects the format, such as .png or .svg.

    Raises:
        UsageError: matplotlib is not installed, the suffix is of another format, or the file
            cannot be written.
    """
    names = [each.name for each in statistics[0].classes]
    height = min(max(_LOW, 1 + _PER_CLASS * len(names)), _HIGH)
    figure = Figure(1, 3, size=(15, height))
    classes, sizes, counts = figure.axes
    _draw_classes(classes, statistics, names)
    _draw_sizes(sizes, statistics)
    _draw_counts(counts, statistics)
    for axes in figure.axes:
        figure.legend(axes)
    figure.save(out)


def _draw_classes(axes: Any, statistics: Sequence[Statistics], names: Sequence[str]) -> None:
    """Draw the boxes per class as grouped bars, one colour per split."""
    thick = 0.8 / len(statistics)
    for index, item in enumerate(statistics):
        places = [place + index * thick for place in range(len(item.classes))]
        boxes = [each.boxes for each in item.classes]
        axes.barh(places, boxes, thick, label=item.name, color=COLOURS[index % len(COLOURS)])
    axes.set_yticks([place + 0.4 - thick / 2 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set(title="Boxes of each class", xlabel="boxes")
    count_axis(axes.xaxis)


def _draw_sizes(axes: Any, statistics: Sequence[Statistics]) -> None:
    """Draw each box as a point."""
    for index, item in enumerate(statistics):
        marker = MARKERS[index % len(MARKERS)]
        style = {"marker": marker, "linestyle": "", "markersize": 3, "markeredgewidth": 0}
        axes.plot(item.boxes[:, 2], item.boxes[:, 3], alpha=0.4, label=item.name, **style)
    axes.set(
        title="Sizes of the boxes",
        xlabel="width of a box, % of the picture's",
        ylabel="height of a box, % of the picture's",
        xlim=(0, None),
        ylim=(0, None),
    )
    for axis in (axes.xaxis, axes.yaxis):
        percent_axis(axis)


def _draw_counts(axes: Any, statistics: Sequence[Statistics]) -> None:
    """Draw how many pictures have how many boxes, with a bar for each split."""
    edges = count_bins([item.per_picture for item in statistics])
    axes.hist(
        [item.per_picture for item in statistics],
        edges,
        weights=[np.full(len(each.per_picture), 1 / len(each.per_picture)) for each in statistics],
        label=[item.name for item in statistics],
        color=[COLOURS[index % len(COLOURS)] for index in range(len(statistics))],
    )
    axes.grid(visible=False, axis="x")
    axes.set(title="Boxes in a picture", xlabel="boxes in a picture", ylabel="% of the pictures")
    count_axis(axes.xaxis)
    percent_axis(axes.yaxis)
