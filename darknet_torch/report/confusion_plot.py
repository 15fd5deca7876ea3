"""The plot of a confusion matrix. No torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from darknet_torch.evaluation.analysis import Analysis
from darknet_torch.plots.figure import Figure
from darknet_torch.plots.labels import short_count, shown_name
from darknet_torch.report.named_plots import WIDTH

_MOST_NUMBERS = 13  # rows: numbers in more would not be legible
_MOST_NAMES = 30
_LEAST, _PER_ROW, _HIGHEST = 3.0, 0.18, 4.9  # inches
_WHITE_FROM = 0.3  # of a row: numbers are white on cells as dark as this
_NAME_COLUMNS = 14


def draw_confusion(analysis: Analysis) -> Figure:
    """Draw which classes are taken for which: rows of objects, columns of detections.

    Raises:
        UsageError: matplotlib is not installed.
    """
    counts = analysis.confusion
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    height = min(_LEAST + _PER_ROW * len(counts), _HIGHEST)
    figure = Figure(size=(WIDTH, height))
    axes = figure.axes[0]
    # The root lets errors of a few per cent be seen.
    axes.imshow(
        np.sqrt(fractions), cmap="Blues", vmin=0, vmax=1, interpolation="none", aspect="auto"
    )
    if len(counts) <= _MOST_NUMBERS:
        _write_counts(axes, counts, fractions)
    _name_rows(axes, [*analysis.names, "background"])
    axes.set(xlabel=f"detected as, at a threshold of {analysis.confidence:g}", ylabel="object")
    axes.grid(visible=False)
    return figure


def _write_counts(axes: Any, counts: np.ndarray, fractions: np.ndarray) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if fractions[row, column] >= _WHITE_FROM else "black"
        text = short_count(int(counts[row, column]))
        axes.text(column, row, text, color=colour, ha="center", va="center", size=7)


def _name_rows(axes: Any, names: list[str]) -> None:
    """Name the classes, or of many every second, third, ... one, and the background."""
    last = len(names) - 1
    step = -(-len(names) // _MOST_NAMES)
    places = [*(at for at in range(0, last, step) if at <= last - step), last]
    shown = [shown_name(names[place], _NAME_COLUMNS) for place in places]
    size = 8 if step == 1 else 6
    axes.set_xticks(places, shown, rotation=90, fontsize=size)
    axes.set_yticks(places, shown, fontsize=size)
