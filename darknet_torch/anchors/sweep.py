"""Finds anchors for several counts, and the elbow of their fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.anchors.quality import AnchorFit, measure_fit
from darknet_torch.anchors.sizes import BoxSizes


@dataclass(frozen=True)
class SweepPoint:
    """Anchors and how well they fit.

    Attributes:
        anchors: [k, 2] widths and heights in pixels of the network's input.
        fit: their fit to the boxes they were found for.
    """

    anchors: np.ndarray
    fit: AnchorFit

    @property
    def count(self) -> int:
        """The number of anchors."""
        return len(self.anchors)


def sweep(
    boxes: BoxSizes, counts: Iterable[int], find: Callable[[int], np.ndarray]
) -> list[SweepPoint]:
    """Find anchors for each count with `find`, and measure their fit."""
    found = (find(count) for count in counts)
    return [SweepPoint(anchors, measure_fit(boxes, anchors)) for anchors in found]


def elbow(points: Sequence[SweepPoint]) -> SweepPoint:
    """The point of a sweep that is highest above the line from its first to its last point."""
    counts = np.array([point.count for point in points], np.float64)
    heights = np.array([point.fit.average_iou for point in points])
    line = np.interp(counts, counts[[0, -1]], heights[[0, -1]])
    return points[int(np.argmax(heights - line))]
