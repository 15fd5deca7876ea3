"""The plots of detections without truths. No torch."""

from __future__ import annotations

import numpy as np

from darknet_torch.evaluation.threshold_curves import THRESHOLDS, threshold_index
from darknet_torch.plots.bars import draw_bars
from darknet_torch.plots.class_lines import class_lines, many_classes
from darknet_torch.plots.figure import (
    COLOURS,
    FAINT,
    Figure,
    count_axis,
    logarithmic_count_axis,
    percent_axis,
)
from darknet_torch.report.detection_summary import DetectionSummary
from darknet_torch.report.named_plots import WIDTH, NamedPlot

_HEIGHT = 3.6  # inches
_MOST_BARS = 30
_SCORE_BINS = 20
_SIZE_BINS = 40


def _draw_classes(summary: DetectionSummary) -> Figure:
    counts = np.bincount(summary.class_ids[summary.counted], minlength=len(summary.names))
    order = np.argsort(-counts, kind="stable")[:_MOST_BARS]
    shown = order if len(summary.names) <= _MOST_BARS else order[counts[order] > 0]
    values = counts[shown].tolist()
    names = [summary.names[index] for index in shown]
    figure = draw_bars(names, values, [f"{value:,}" for value in values], width=WIDTH)
    count_axis(figure.axes[0].xaxis)
    figure.axes[0].set_xlabel(f"detections at a threshold of {summary.confidence:g}")
    return figure


def _draw_thresholds(summary: DetectionSummary) -> Figure:
    counts = summary.counts_over_thresholds()
    rows = np.vstack([counts, counts.sum(axis=0)])
    figure = Figure(size=(WIDTH, _HEIGHT))
    axes = figure.axes[0]
    column = threshold_index(summary.confidence)
    found = [int(own[column]) if own.any() else None for own in counts]
    lines = class_lines(summary.names, found)
    drawn = []
    for line in lines:
        above = np.where(rows[line.index] > 0, rows[line.index], np.nan)
        drawn += axes.plot(THRESHOLDS[:: line.step], above[:: line.step], **line.style)
    named = {
        one: line.name for one, line in zip(drawn, lines, strict=True) if line.name is not None
    }
    figure.legend_below(list(named), list(named.values()))
    axes.axvline(summary.confidence, color=FAINT, linestyle=":", linewidth=1)
    axes.set(xlabel="threshold", ylabel="detections", xlim=(-0.01, 1.01))
    logarithmic_count_axis(axes, rows[-1])
    return figure


def _draw_scores(summary: DetectionSummary) -> Figure:
    figure = Figure(size=(WIDTH, 0.8 * _HEIGHT))
    axes = figure.axes[0]
    counts, edges = np.histogram(summary.scores, _SCORE_BINS, (0, 1))
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", edgecolor="white", color=COLOURS[0])
    axes.axvline(summary.confidence, color="black", linestyle=":", linewidth=1)
    axes.set(xlabel="score", ylabel="detections", xlim=(0, 1))
    logarithmic_count_axis(axes, counts)
    return figure


def _draw_sizes(summary: DetectionSummary) -> Figure:
    figure = Figure(size=(WIDTH, WIDTH))
    axes = figure.axes[0]
    left, top, right, bottom = summary.boxes_xyxy[summary.counted].clip(0, 1).T
    edges = np.linspace(0, 1, _SIZE_BINS + 1)
    counts, _, _ = np.histogram2d(bottom - top, right - left, (edges, edges))
    shares = np.log1p(counts) / max(np.log1p(counts).max(), 1)
    axes.imshow(
        shares, "Blues", vmin=0, vmax=1, origin="lower", extent=(0, 1, 0, 1), interpolation="none"
    )
    axes.set(
        xlabel="width of a box, % of the picture's", ylabel="height of a box, % of the picture's"
    )
    axes.grid(visible=False)
    for axis in (axes.xaxis, axes.yaxis):
        percent_axis(axis)
    return figure


DETECTION_PLOTS: tuple[NamedPlot[DetectionSummary], ...] = (
    NamedPlot(
        "detections-per-class",
        "Detections of each class",
        "The number of detections of each class at the threshold, the most frequent first; of "
        f"more than {_MOST_BARS} classes only the {_MOST_BARS} most frequent are shown.",
        _draw_classes,
    ),
    NamedPlot(
        "detections-thresholds",
        "Detections over the threshold",
        "The number of detections above each threshold, on a logarithmic scale; the dotted line "
        f"is the threshold of the tables. {many_classes('most frequent', 'rarest')}.",
        _draw_thresholds,
    ),
    NamedPlot(
        "scores",
        "Scores",
        "The number of detections in each twentieth of the scores, on a logarithmic scale; the "
        "dotted line is the threshold.",
        _draw_scores,
    ),
    NamedPlot(
        "box-sizes",
        "Sizes of the boxes",
        "Widths and heights of the boxes at the threshold; the darker a cell, the more boxes "
        "have such a size.",
        _draw_sizes,
    ),
)
