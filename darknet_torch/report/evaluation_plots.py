"""The plots of an analysis. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from darknet_torch.evaluation.analysis import MATCHED_FROM, Analysis, ClassCurve
from darknet_torch.plots.bars import draw_bars
from darknet_torch.plots.class_lines import ClassLine, class_lines, many_classes
from darknet_torch.plots.figure import COLOURS, FAINT, Figure, count_axis, percent_axis
from darknet_torch.report.calibration_plot import draw_calibration
from darknet_torch.report.confusion_plot import draw_confusion
from darknet_torch.report.named_plots import WIDTH, NamedPlot

_HEIGHT = 3.8  # inches
_MOST_BARS, _BEST_BARS = 30, 10
_MANY_CLASSES = many_classes("best by AP", "worst")
_Points = Callable[[ClassCurve], tuple[np.ndarray, np.ndarray]]
_LIMITS = (-0.01, 1.03)  # of an axis from 0 to 1: lines at its ends are visible


def _aps(analysis: Analysis) -> list[float | None]:
    """[C] COCO's AP at an IoU of 0.5."""
    curves = [curve.precision_at_recall for curve in analysis.curves[:-1]]
    return [None if curve is None else float(np.mean(curve)) for curve in curves]


def _unit_axes(axes: Any, xlabel: str, ylabel: str) -> None:
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=_LIMITS, ylim=_LIMITS)


def _draw_lines(
    axes: Any,
    analysis: Analysis,
    lines: Sequence[ClassLine],
    points: _Points,
) -> list[Any]:
    """Draw a line of each class that has one; return those with a name."""
    named = []
    for line in lines:
        x, y = points(analysis.curves[line.index])
        [drawn] = axes.plot(x[:: line.step], y[:: line.step], **line.style)
        if line.name is not None:
            named.append(drawn)
    if not lines:
        _say_there_are_no_objects(axes)
    return named


def _over_threshold(ratio: Callable[[ClassCurve], np.ndarray]) -> _Points:
    return lambda curve: (curve.thresholds, ratio(curve))


def _say_there_are_no_objects(axes: Any) -> None:
    axes.text(0.5, 0.5, "no objects", transform=axes.transAxes, ha="center", color=FAINT)


def _draw_precision_recall(analysis: Analysis) -> Figure:
    figure = Figure(size=(WIDTH, _HEIGHT))
    axes, lines = figure.axes[0], class_lines(analysis.names, _aps(analysis))

    def points(curve: ClassCurve) -> tuple[np.ndarray, np.ndarray]:
        precision = curve.precision_at_recall
        return curve.thresholds, np.zeros(101) if precision is None else precision

    drawn = _draw_lines(axes, analysis, lines, points)
    named = [line for line in lines if line.name is not None]
    aps = [float(np.mean(points(analysis.curves[line.index])[1])) for line in named]
    labels = [f"{line.name}: AP {ap:.1%}" for line, ap in zip(named, aps, strict=True)]
    figure.legend_below(drawn, labels)
    _unit_axes(axes, "recall", "precision")
    return figure


def _draw_f1(analysis: Analysis) -> Figure:
    figure = Figure(size=(WIDTH, _HEIGHT))
    axes, lines = figure.axes[0], class_lines(analysis.names, _aps(analysis))
    drawn = _draw_lines(axes, analysis, lines, _over_threshold(lambda curve: curve.f1))
    labels = []
    for line in lines:
        if line.name is None:
            continue
        curve, label = analysis.curves[line.index], line.name
        best, index = curve.best_threshold, curve.best_index
        if index is not None:
            highest = float(curve.f1[index])
            style = {"color": line.style["color"], "markeredgecolor": "white", "zorder": 4}
            axes.plot(best, highest, "o", **style)
            label = f"{label}: {highest:.2f} at {best:.2f}"
        labels.append(label)
    figure.legend_below(drawn, labels)
    _unit_axes(axes, "threshold", "F1")
    return figure


def _draw_thresholds(analysis: Analysis) -> Figure:
    figure = Figure(2, 1, size=(WIDTH, 1.6 * _HEIGHT))
    lines = class_lines(analysis.names, _aps(analysis))
    drawn: list[Any] = []
    ratios: dict[str, Callable[[ClassCurve], np.ndarray]] = {
        "precision": lambda curve: curve.precision,
        "recall": lambda curve: curve.recall,
    }
    for axes, (ylabel, ratio) in zip(figure.axes, ratios.items(), strict=True):
        drawn = _draw_lines(axes, analysis, lines, _over_threshold(ratio))
        _unit_axes(axes, "threshold", ylabel)
        axes.axvline(analysis.confidence, color=FAINT, linestyle=":", linewidth=1)
    figure.legend_below(drawn, [line.name for line in lines if line.name is not None])
    return figure


def _draw_aps(analysis: Analysis) -> Figure:
    rows = [
        (name, ap, f"{ap:.1%}")
        for name, ap in zip(analysis.names, _aps(analysis), strict=True)
        if ap is not None
    ]
    rows.sort(key=lambda row: -row[1])
    if len(rows) > _MOST_BARS:
        rows[_BEST_BARS : _BEST_BARS - _MOST_BARS] = [("…", 0, "")]
    names, values, texts = zip(*rows, strict=True) if rows else ((), (), ())
    figure = draw_bars(names, values, texts, width=WIDTH, limit=1.18)
    axes = figure.axes[0]
    if not rows:
        _say_there_are_no_objects(axes)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xlabel(f"AP at an IoU of {MATCHED_FROM}")
    percent_axis(axes.xaxis)
    return figure


def _draw_sizes(analysis: Analysis) -> Figure:
    sizes = analysis.sizes
    figure = Figure(size=(WIDTH, 0.8 * _HEIGHT))
    axes = figure.axes[0]
    counts = {"objects": [size.truths for size in sizes], "found": [size.found for size in sizes]}
    bars = []
    for start, colour, values in zip(
        (-0.4, 0.02), (FAINT, COLOURS[0]), counts.values(), strict=True
    ):
        places = [index + start for index in range(len(sizes))]
        bars.append(axes.bar(places, values, 0.38, align="edge", color=colour))
        axes.bar_label(bars[-1], [f"{value:,}" for value in values], padding=1, fontsize=8)
    aps = ["no objects" if size.ap is None else f"AP {size.ap:.1%}" for size in sizes]
    names = [f"{size.name}\n{ap}" for size, ap in zip(sizes, aps, strict=True)]
    axes.set_xticks(range(len(sizes)), names)
    axes.set(ylabel="objects", ylim=(0, 1.1 * max(1, *counts["objects"])))
    axes.grid(visible=False, axis="x")
    figure.legend_below(bars, list(counts))
    return figure


def _draw_errors(analysis: Analysis) -> Figure:
    counts = list(analysis.errors.values())
    texts = [f"{count:,}" for count in counts]
    figure = draw_bars(list(analysis.errors), counts, texts, width=WIDTH, colours=COLOURS)
    count_axis(figure.axes[0].xaxis)
    figure.axes[0].set_xlabel(f"errors at a threshold of {analysis.confidence:g}")
    return figure


EVALUATION_PLOTS: tuple[NamedPlot[Analysis], ...] = (
    NamedPlot(
        "pr-curve",
        "Precision over recall",
        "COCO's precision at each recall, of each class and of all together, at an IoU of "
        f"{MATCHED_FROM}; the area below a line is the AP. {_MANY_CLASSES}.",
        _draw_precision_recall,
    ),
    NamedPlot(
        "f1-curve",
        "F1 over the threshold",
        "The harmonic mean of precision and recall at each threshold; a point marks the best "
        f"threshold. {_MANY_CLASSES}.",
        _draw_f1,
    ),
    NamedPlot(
        "precision-recall-thresholds",
        "Precision and recall over the threshold",
        "Which part of the detections above each threshold is correct, and which part of the "
        "objects they find; the dotted line is the threshold of the tables. "
        f"{_MANY_CLASSES}.",
        _draw_thresholds,
    ),
    NamedPlot(
        "ap-per-class",
        "AP of each class",
        f"COCO's AP at an IoU of {MATCHED_FROM}, the highest first; of more than {_MOST_BARS} "
        f"classes only the {_BEST_BARS} highest and the {_MOST_BARS - _BEST_BARS} lowest are "
        "shown.",
        _draw_aps,
    ),
    NamedPlot(
        "calibration",
        "Calibration",
        "Above: which part of the detections is correct, over their mean score, in ten bins of "
        "scores; on the dashed line, a score is the probability to be correct. Below: the "
        "number of detections in each bin, on a logarithmic scale.",
        draw_calibration,
    ),
    NamedPlot(
        "confusion-matrix",
        "Confusion matrix",
        "Rows are classes of objects, columns those of detections. The darker a cell, the larger "
        "its part of the row, from white for none to dark blue for all. The last column has the "
        "objects that were missed, the last row the detections on no object that was still to "
        "be found.",
        draw_confusion,
    ),
    NamedPlot(
        "sizes",
        "Sizes of objects",
        "How many objects of each of COCO's sizes there are, how many of them are found at the "
        "threshold, and COCO's AP at .50 to .95 for each size.",
        _draw_sizes,
    ),
    NamedPlot(
        "errors",
        "Errors by kind",
        "class: on an object of another class; place: overlaps an object of its class too little; "
        "duplicate: on an object that a better detection has found; false: on none of these; "
        "missed: an object that no detection has found.",
        _draw_errors,
    ),
)
