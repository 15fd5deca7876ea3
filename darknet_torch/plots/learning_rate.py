"""The plot of learning rates over a training. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darknet_torch.plots.figure import Figure

_STYLES = ("-", "--", "-.", ":")  # tell curves apart that lie on each other


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
    for index, curve in enumerate(curves):
        style = _STYLES[index % len(_STYLES)]
        axes.plot(curve.updates, curve.rates, style, label=curve.label, linewidth=1.6)
    axes.set(xlabel="iteration", ylabel="learning rate", title=title, ylim=(0, None))
    axes.set_xlim(0, max(max(curve.updates) for curve in curves))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    axes.grid(visible=True, color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    if len(curves) > 1:
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return figure
