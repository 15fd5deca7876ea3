"""Plots of boxes, anchors and sweeps, written to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.anchors.quality import nearest_by_iou
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.anchors.sweep import SweepPoint, elbow
from darknet_torch.plots.figure import (
    COLOURS,
    FAINT,
    MARKERS,
    Figure,
    count_axis,
    format_of,
    percent_axis,
)

_SIZE = 7, 6  # inches
# More points than this make a plot slower, but not clearer.
_POINTS = 20_000


class AnchorPlot:
    """A plot for a file.

    Args:
        path: the file; its suffix selects the format.

    Raises:
        UsageError: matplotlib is not installed, or the suffix is not a known format.
    """

    def __init__(self, path: Path) -> None:
        self.format = format_of(path)
        self.figure = Figure(size=_SIZE)
        self.axes: Any = self.figure.axes[0]

    def scatter(self, boxes: BoxSizes, found: SweepPoint) -> bytes:
        """Plot box sizes, marked by their nearest anchor, and the anchors; as file content."""
        shown = boxes.sample(_POINTS, np.random.default_rng(0))
        nearest, _ = nearest_by_iou(shown.values, found.anchors)
        axes, (widths, heights) = self.axes, found.anchors.T
        for index in range(found.count):  # neighbours differ in colour and form
            own = shown.values[:, nearest == index]
            colour, marker = (each[index % len(each)] for each in (COLOURS[:-1], MARKERS))
            axes.scatter(*own, color=colour, marker=marker, s=8, alpha=0.5, linewidths=0)
        for width, height in found.anchors:
            axes.plot((0, width, width), (height, height, 0), "-", color="black", linewidth=0.6)
        axes.scatter(widths, heights, c="black", marker="+", s=120, label="anchors", zorder=3)
        axes.set(
            xlabel="width of a box, pixels of the network's input",
            ylabel="height of a box, pixels of the network's input",
            title=f"{found.count} anchors, average IoU {found.fit.average_iou:.2%}",
            xlim=(0, None),
            ylim=(0, None),
        )
        return self.figure.encode(self.format)

    def elbow(self, points: Sequence[SweepPoint]) -> bytes:
        """Plot the average IoU and the recall by the number of anchors; as file content."""
        axes, best = self.axes, elbow(points)
        counts = [point.count for point in points]
        axes.axvline(best.count, color=FAINT, linestyle=":", label=f"elbow: {best.count}")
        average = [point.fit.average_iou for point in points]
        recall = [point.fit.recall for point in points]
        axes.plot(counts, average, marker=MARKERS[0], label="average IoU with the nearest anchor")
        axes.plot(counts, recall, marker=MARKERS[1], label="boxes with an IoU of 0.5 or more")
        axes.set(xlabel="anchors", ylabel="IoU, part of the boxes", title="Fit of the anchors")
        count_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        axes.legend()
        return self.figure.encode(self.format)
