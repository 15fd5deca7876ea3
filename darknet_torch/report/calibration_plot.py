"""The plot of how far scores are probabilities. No torch."""

from __future__ import annotations

from typing import Any

from darknet_torch.evaluation.analysis import Analysis
from darknet_torch.plots.figure import COLOURS, FAINT, Figure, logarithmic_axis
from darknet_torch.plots.labels import short_count
from darknet_torch.report.named_plots import WIDTH

_HEIGHTS = (3, 1.4)  # of the two parts, relative to each other
_SIZE = (WIDTH, 5.0)


def draw_calibration(analysis: Analysis) -> Figure:
    """Draw the fraction of correct detections over their score, and the number of detections.

    Raises:
        UsageError: matplotlib is not installed.
    """
    figure = Figure(2, 1, size=_SIZE, heights=_HEIGHTS)
    fractions, counts = figure.axes
    _draw_fractions(fractions, analysis)
    _draw_counts(counts, analysis)
    for axes in figure.axes:
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    return figure


def _draw_fractions(axes: Any, analysis: Analysis) -> None:
    filled = [one for one in analysis.calibration if one.detections]
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1)
    for one in filled:
        axes.bar(
            one.low,
            one.fraction_correct,
            one.high - one.low,
            align="edge",
            color=COLOURS[5],
            edgecolor="white",
            alpha=0.5,
        )
    scores = [one.mean_score for one in filled]
    axes.plot(scores, [one.fraction_correct for one in filled], "o-", color=COLOURS[0])
    error = analysis.expected_calibration_error
    text = "no detections" if error is None else f"expected calibration error {error:.1%}"
    axes.text(0.03, 0.95, text, transform=axes.transAxes, va="top")
    axes.set(xlabel="mean score", ylabel="fraction correct", ylim=(0, 1.04))


def _draw_counts(axes: Any, analysis: Analysis) -> None:
    counts = [one.detections for one in analysis.calibration]
    for one in analysis.calibration:
        if one.detections:
            axes.bar(
                one.low,
                one.detections,
                one.high - one.low,
                align="edge",
                edgecolor="white",
                color=COLOURS[0],
            )
            middle = (one.low + one.high) / 2
            axes.annotate(
                short_count(one.detections),
                (middle, one.detections),
                (0, 2),
                textcoords="offset points",
                ha="center",
                size=7,
            )
    axes.set(xlabel="score", ylabel="detections")
    logarithmic_axis(axes.yaxis)
    axes.set_ylim(0.7, 4 * max(1, *counts))
