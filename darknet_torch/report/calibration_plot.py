"""The plot of how far scores are probabilities. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from darknet_torch.evaluation.analysis import Analysis, CalibrationBin
from darknet_torch.plots.figure import COLOURS, FAINT, Figure, logarithmic_count_axis
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
    fractions = [one.fraction_correct for one in filled]
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1)
    _draw_bars(axes, filled, fractions, color=COLOURS[5], alpha=0.5)
    axes.plot([one.mean_score for one in filled], fractions, "o-", color=COLOURS[0])
    error = analysis.expected_calibration_error
    text = "no detections" if error is None else f"expected calibration error {error:.1%}"
    axes.text(0.03, 0.95, text, transform=axes.transAxes, va="top")
    axes.set(xlabel="mean score", ylabel="fraction correct", ylim=(0, 1.04))


def _draw_counts(axes: Any, analysis: Analysis) -> None:
    counts = [one.detections for one in analysis.calibration]
    bars = _draw_bars(axes, analysis.calibration, counts, color=COLOURS[0])
    texts = [short_count(count) if count else "" for count in counts]
    axes.bar_label(bars, texts, padding=1, fontsize=7)
    axes.set(xlabel="score", ylabel="detections")
    logarithmic_count_axis(axes, counts)


def _draw_bars(
    axes: Any, bins: Sequence[CalibrationBin], heights: Sequence[float | None], **style: Any
) -> Any:
    """Draw a bar over each bin."""
    lows, widths = [one.low for one in bins], [one.high - one.low for one in bins]
    return axes.bar(lows, heights, widths, align="edge", edgecolor="white", **style)
