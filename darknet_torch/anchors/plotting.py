"""Plots of boxes, anchors and sweeps, written to files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.anchors.quality import nearest_by_iou
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.anchors.sweep import SweepPoint, elbow
from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra

_FORMATS = ("png", "svg", "pdf")
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
        self.format = path.suffix.lower().lstrip(".")
        if self.format not in _FORMATS:
            expected = " or ".join(f".{name}" for name in _FORMATS)
            raise UsageError("unknown plot format", where=path, expected=expected)
        # A Figure instead of pyplot: it needs no window system and no global state.
        self.figure: Any = import_extra("matplotlib.figure", extra="plot").Figure(
            _SIZE, layout="constrained"
        )
        self.axes: Any = self.figure.subplots()

    def scatter(self, boxes: BoxSizes, found: SweepPoint) -> bytes:
        """Plot box sizes, coloured by their nearest anchor, and the anchors; as file content."""
        shown = boxes.sample(_POINTS, np.random.default_rng(0))
        indices, _ = nearest_by_iou(shown.values, found.anchors)
        axes, (widths, heights) = self.axes, found.anchors.T
        axes.scatter(*shown.values, c=indices, s=6, alpha=0.6, cmap="turbo", linewidths=0)
        axes.scatter(widths, heights, c="black", marker="+", s=120, label="anchors")
        for width, height in found.anchors:
            axes.plot((0, width, width), (height, height, 0), color="black", linewidth=0.4)
        axes.set(
            xlabel="width, pixels of the input",
            ylabel="height, pixels of the input",
            title=f"{found.count} anchors, average IoU {found.fit.average_iou:.2%}",
            xlim=(0, None),
            ylim=(0, None),
        )
        return self._encode()

    def elbow(self, points: Sequence[SweepPoint]) -> bytes:
        """Plot the average IoU and the recall by the number of anchors; as file content."""
        axes, best = self.axes, elbow(points)
        counts = [point.count for point in points]
        axes.plot(counts, [point.fit.average_iou for point in points], "o-", label="average IoU")
        axes.plot(counts, [point.fit.recall for point in points], "s--", label="recall at 0.5")
        axes.axvline(best.count, color="gray", linewidth=0.8, label=f"elbow: {best.count}")
        axes.set(xlabel="anchors", xticks=counts)
        axes.legend()
        return self._encode()

    def _encode(self) -> bytes:
        data = io.BytesIO()
        self.figure.savefig(data, format=self.format)
        return data.getvalue()
