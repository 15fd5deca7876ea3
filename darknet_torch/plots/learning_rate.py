"""The plot of learning rates over a training. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darknet_torch.plots.figure import Figure, count_axis


@dataclass(frozen=True)
class RateCurve:
    """The learning rate of some updates of a run.

    Attributes:
        label: names the curve.
        updates: their numbers, 1 for the first, increasing.
        rates: the learning rate of each.
    """

    label: str
    updates: Sequence[int]
    rates: Sequence[float]


def plot_rates(curves: Sequence[RateCurve], title: str) -> Figure:
    """Draw learning rates over the number of the update.

    Raises:
        UsageError: matplotlib is not installed.
    """
    figure = Figure(size=(8.0, 4.5))
    axes = figure.axes[0]
    for curve in curves:
        axes.plot(curve.updates, curve.rates, label=curve.label, linewidth=1.6)
    axes.set(xlabel="iteration", ylabel="learning rate", title=title, ylim=(0, None))
    axes.set_xlim(0, max(max(curve.updates) for curve in curves))
    count_axis(axes.xaxis)
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    if len(curves) > 1:
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return figure
