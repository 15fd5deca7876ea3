"""Horizontal bars with names and numbers. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from darknet_torch.plots.figure import COLOURS, Figure
from darknet_torch.plots.labels import shown_name

_EDGES, _PER_BAR = 0.7, 0.19  # inches
_ROOM = 1.18  # for the number at the end of the longest bar


def draw_bars(
    names: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    width: float,
    colours: Sequence[str] = COLOURS[:1],
    limit: float | None = None,
) -> Figure:
    """Draw a bar for each name, the first on top, and its number at its end.

    Args:
        names: of the bars.
        values: their lengths, not negative.
        texts: their numbers as text.
        width: of the figure in inches; its height follows from the number of bars.
        colours: of the bars, in turn.
        limit: where the axis ends; None for after the longest bar.

    Raises:
        UsageError: matplotlib is not installed.
    """
    figure = Figure(size=(width, _EDGES + _PER_BAR * max(len(names), 3)))
    axes: Any = figure.axes[0]
    places = range(len(names))
    colours = [colours[place % len(colours)] for place in places]
    axes.bar_label(axes.barh(places, values, color=colours), texts, padding=3, fontsize=8)
    axes.set_yticks(places, [shown_name(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, limit or _ROOM * max([*values, 0]) or 1)
    axes.grid(visible=False, axis="y")
    return figure
