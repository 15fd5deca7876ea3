"""The chart of a training, drawn from the rows of its table. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from darknet_torch.plots.figure import (
    COLOURS,
    FAINT,
    MARKERS,
    Figure,
    count_axis,
    logarithmic_axis_if_wide,
    percent_axis,
)
from darknet_torch.training.records.table import (
    CLASS_SCORE,
    EVALUATED,
    ITERATION,
    Row,
    is_loss,
    overall_scores,
)

_SIZE = 5.5, 3.6  # inches of each part of the chart
_COLUMNS = 2
_LOSSES = ("loss", "average_loss")
_FIT = ("iou", "recall")
_NOT_DRAWN = ("total_loss",)  # a sum of others
_TITLES = {"iou": "IoU", "recall": "recall (IoU of 0.5 or more)", "iou_loss": "box"}


def draw_chart(
    rows: Sequence[Row],
    *,
    title: str,
    marks: Mapping[int, str] | None = None,
) -> Figure:
    """Draw what a training has given so far.

    Args:
        rows: of the table of results.
        title: of the chart.
        marks: iteration -> what starts with it, such as a phase; those after the last row are
            left out.

    Raises:
        UsageError: matplotlib is not installed.
    """
    drawn = [panel for panel in _panels(rows) if panel.names]
    last = rows[-1][ITERATION]
    begun = {at: text for at, text in (marks or {}).items() if at <= last}
    lines = -(-len(drawn) // _COLUMNS)
    size = (_SIZE[0] * _COLUMNS, _SIZE[1] * lines)
    figure = Figure(lines, _COLUMNS, size=size, title=title)
    for axes in figure.axes[len(drawn) :]:
        axes.set_visible(False)
    for axes, panel in zip(figure.axes, drawn, strict=False):
        panel.draw(axes, rows)
        _show_single_points(axes)
        axes.set(title=panel.title, xlabel="iteration", ylabel=panel.unit)
        axes.set_xlim(0, 1.01 * last)
        count_axis(axes.xaxis)
        figure.legend(axes)
        _mark(axes, begun, named=panel is drawn[-1])
    return figure


@dataclass(frozen=True)
class _Panel:
    """A part of the chart.

    Attributes:
        title, unit: its title, and the unit of its values.
        names: the columns of the table that it shows.
        draw_on: draws the rows.
    """

    title: str
    unit: str
    names: Sequence[str]
    draw_on: Callable[[Any, Sequence[Row], Sequence[str]], None]

    def draw(self, axes: Any, rows: Sequence[Row]) -> None:
        """Draw the columns on matplotlib's `axes`."""
        self.draw_on(axes, rows, self.names)


def _panels(rows: Sequence[Row]) -> list[_Panel]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    evaluated = [name for name in columns if name.startswith(EVALUATED)]
    losses = [name for name in (*_LOSSES, *evaluated) if name in columns and is_loss(name)]
    overall = overall_scores(columns)
    per_class = [name for name in columns if name.startswith(CLASS_SCORE)]
    best = f": {_best(rows, overall[0])}" if overall else ""
    parts = [name for name in columns if is_loss(name) and name not in (*losses, *_NOT_DRAWN)]
    fit = [name for name in _FIT if name in columns]
    rate = [name for name in ("rate",) if name in columns]
    return [
        _Panel("Loss", "loss of a picture, mean", losses, _draw_losses),
        _Panel(f"Evaluation{best}", "score", overall, _draw_scores),
        _Panel("Average precision", "AP", _if_few(per_class), _draw_scores),
        _Panel("Parts of the loss, all heads together", "part of the loss", parts, _draw_parts),
        _Panel("Boxes that the heads matched", "mean over boxes", fit, _draw_fit),
        _Panel("Learning rate", "rate", rate, _draw_rate),
    ]


def _if_few(names: list[str]) -> list[str]:
    """The names, if there are not more lines than the eye can tell apart."""
    return names if len(names) <= len(COLOURS) else []


def _draw_losses(axes: Any, rows: Sequence[Row], names: Sequence[str]) -> None:
    """Draw the loss of single iterations faintly, and the smooth ones over it."""
    for name in names:
        x, y = _values(rows, name)
        if name == "loss":
            axes.plot(x, y, "-", color=FAINT, linewidth=0.6, alpha=0.7, label="each iteration")
        elif name == "average_loss":
            axes.plot(x, y, "-", color=COLOURS[0], label="moving average")
        else:
            style = {"color": COLOURS[1], "marker": MARKERS[0], "markersize": 4}
            axes.plot(x, y, "--", label=_title(name), **style)
    logarithmic_axis_if_wide(axes.yaxis, _all_values(rows, names))


def _draw_parts(axes: Any, rows: Sequence[Row], names: Sequence[str]) -> None:
    for name in names:
        title = _title(name)
        if name == "class_loss" and "objectness_loss" not in names:
            title = "objectness and class"  # Darknet's class_loss is of both
        axes.plot(*_values(rows, name), linewidth=1, label=title)
    logarithmic_axis_if_wide(axes.yaxis, _all_values(rows, names))


def _draw_scores(axes: Any, rows: Sequence[Row], names: Sequence[str]) -> None:
    """Draw a point for each evaluation; weights are kept by the first score, the bold one."""
    for index, name in enumerate(names):
        is_main = not index and not name.startswith(CLASS_SCORE)
        style = {"linewidth": 2 if is_main else 1, "marker": MARKERS[index % len(MARKERS)]}
        axes.plot(*_values(rows, name), markersize=4, label=_title(name), **style)
    axes.set_ylim(0, 1.02)
    percent_axis(axes.yaxis)


def _best(rows: Sequence[Row], name: str) -> str:
    """The best of a score, for a title."""
    return f"best {_title(name)} {max(_values(rows, name)[1]):.1%}"


def _draw_fit(axes: Any, rows: Sequence[Row], names: Sequence[str]) -> None:
    for name in names:
        axes.plot(*_values(rows, name), linewidth=1, label=_title(name))
    axes.set_ylim(0, 1)


def _draw_rate(axes: Any, rows: Sequence[Row], names: Sequence[str]) -> None:
    axes.plot(*_values(rows, names[0]), label="rate")
    axes.set_ylim(bottom=0)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))


def _all_values(rows: Sequence[Row], names: Sequence[str]) -> Iterator[float]:
    for name in names:
        yield from _values(rows, name)[1]


def _show_single_points(axes: Any) -> None:
    """Mark what is a point, not a line, as after the first iteration."""
    for line in axes.lines:
        if len(line.get_xdata()) == 1 and line.get_marker() == "None":
            line.set(marker="o", markersize=4)


def _mark(axes: Any, marks: Mapping[int, str], *, named: bool) -> None:
    """Draw a line where something starts, with its name if it is to be named here."""
    for iteration, text in marks.items():
        axes.axvline(iteration, color=FAINT, linestyle=":", linewidth=1)
        if not named:
            continue
        axes.annotate(
            text,
            (iteration, 0),
            xycoords=("data", "axes fraction"),
            xytext=(2, 4),
            textcoords="offset points",
            rotation=90,
            va="bottom",
            fontsize=7,
            color="#555555",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
            in_layout=False,  # a long one takes no room from the axes
        )


def _values(rows: Sequence[Row], name: str) -> tuple[list[float], list[float]]:
    """The iterations that have a number of that name, and the numbers."""
    having = [row for row in rows if name in row]
    return [row[ITERATION] for row in having], [row[name] for row in having]


def _title(name: str) -> str:
    if name.startswith(EVALUATED):
        return name.removeprefix(CLASS_SCORE).removeprefix(EVALUATED)
    return _TITLES.get(name, name.removesuffix("_loss").replace("_", " "))
