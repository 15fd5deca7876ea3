"""k-means of box sizes: k-means++, restarts, several distances and cluster centres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from darknet_torch.anchors import DEFAULT_RESTARTS, DEFAULT_VARIANT
from darknet_torch.anchors.distances import (
    Distance,
    Nearest,
    iou_distance,
    nearest_by,
    squared_distance,
)
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.errors import UsageError

_ITERATIONS = 1000  # as do_kmeans of AlexeyAB's matrix.c
# Neither the mean nor the median minimises 1 - IoU: its sum may rise for some rounds and fall
# again, or go round in a circle. So a run stops after _PATIENCE rounds that have not lowered
# the sum by the fraction _GAIN, which is less than the printed digits show.
_PATIENCE = 10
_GAIN = 1e-5
# Number of different sizes that the restarts use; the best run then continues with all sizes.
_SAMPLE = 10_000


class Centres(Protocol):
    """Moves anchors to the centres of their clusters."""

    def move(self, anchors: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Compute the centre of each cluster; an anchor without boxes stays.

        Args:
            anchors: [k, 2] widths and heights.
            indices: [U] the nearest anchor of each box size.

        Returns:
            [k, 2] the new anchors.
        """


class Means:
    """Mean widths and heights of a cluster. Source: matrix.c kmeans_maximization (AlexeyAB)."""

    def __init__(self, boxes: BoxSizes) -> None:
        self.counts = boxes.counts
        self.sums = boxes.values * boxes.counts

    def move(self, anchors: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """`Centres.move`."""
        number = len(anchors)
        counts = np.bincount(indices, self.counts, number)
        sums = [np.bincount(indices, values, number) for values in self.sums]
        filled = (counts > 0)[:, None]
        return np.where(filled, np.stack(sums, 1) / np.maximum(counts, 1)[:, None], anchors)


class Medians:
    """Median widths and heights of a cluster; the lower one if the number of boxes is even.

    Boxes are sorted once by width and once by height. A stable sort by anchor then keeps the
    boxes of each anchor in order.
    """

    def __init__(self, boxes: BoxSizes) -> None:
        self.orders = [np.argsort(values, kind="stable") for values in boxes.values]
        self.values = [boxes.values[side][order] for side, order in enumerate(self.orders)]
        self.counts = [boxes.counts[order] for order in self.orders]

    def move(self, anchors: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """`Centres.move`."""
        moved = anchors.copy()
        for side, order in enumerate(self.orders):
            owners = indices[order]
            grouped = np.argsort(owners, kind="stable")
            totals = np.cumsum(self.counts[side][grouped])
            ends = np.cumsum(np.bincount(owners, minlength=len(anchors)))
            filled = np.diff(ends, prepend=0) > 0
            after = totals[ends[filled] - 1]
            before = np.concatenate(([0], after[:-1]))
            middle = np.searchsorted(totals, (before + after + 1) // 2)
            moved[filled, side] = self.values[side][grouped[middle]]
        return moved


@dataclass(frozen=True)
class Variant:
    """A variant of k-means: its distance and its cluster centres."""

    distance: Distance
    centres: Callable[[BoxSizes], Centres]


VARIANTS = {
    "median": Variant(iou_distance, Medians),
    "mean": Variant(iou_distance, Means),
    "euclidean": Variant(squared_distance, Means),
}


def cluster(
    boxes: BoxSizes,
    count: int,
    *,
    variant: str = DEFAULT_VARIANT,
    seed: int = 0,
    restarts: int = DEFAULT_RESTARTS,
    nearest: Nearest | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
    """Find anchors by k-means: the best average IoU of several runs.

    Args:
        boxes: the box sizes.
        count: number of anchors.
        variant: "median" or "mean": an anchor moves to the median or mean of the boxes nearest
            by IoU; "euclidean": to the mean of the boxes nearest in width and height.
        seed: the same boxes and the same seed give the same anchors.
        restarts: number of runs, at least 1, each with other initial anchors.
        nearest: finds the nearest anchors by the variant's distance; None uses numpy.
        advance: called with 1 after each of the `restarts` runs.

    Returns:
        [count, 2] float64 widths and heights, smallest area first.

    Raises:
        UsageError: there are fewer different box sizes than anchors.
    """
    if not 1 <= count <= len(boxes):
        raise UsageError(
            f"cannot find {count} anchors for {len(boxes)} different box sizes",
            expected=f"1 to {len(boxes)} anchors",
        )
    kind, random = VARIANTS[variant], np.random.default_rng(seed)
    nearest = nearest or nearest_by(kind.distance)
    sampled = boxes.sample(max(_SAMPLE, count), random)
    centres = kind.centres(sampled)
    found = []
    for _ in range(restarts):
        start = _initial_anchors(sampled, count, kind.distance, random)
        found.append(_run(sampled, start, nearest, centres))
        advance(1)
    best = max(found, key=lambda anchors: measure_fit(sampled, anchors).average_iou)
    if sampled is not boxes:
        best = _run(boxes, best, nearest, kind.centres(boxes))
    return sort_by_area(best)


def sort_by_area(anchors: np.ndarray) -> np.ndarray:
    """Sort [k, 2] anchors, smallest area first. Source: detector.c anchors_data_comparator."""
    return anchors[np.argsort(anchors.prod(1), kind="stable")]


def _initial_anchors(
    boxes: BoxSizes, count: int, distance: Distance, random: np.random.Generator
) -> np.ndarray:
    """Draw initial anchors by k-means++: boxes with probabilities by distance to drawn ones."""
    weights = boxes.counts.astype(np.float64)
    drawn: list[np.ndarray] = []
    nearest = np.full(len(boxes), np.inf)
    for _ in range(count):
        sums = np.cumsum(weights)
        drawn.append(boxes.values[:, np.searchsorted(sums, random.random() * sums[-1], "right")])
        nearest = np.minimum(nearest, distance(boxes.values, drawn[-1]))
        weights = boxes.counts * nearest
    return np.array(drawn)


def _run(boxes: BoxSizes, anchors: np.ndarray, nearest: Nearest, centres: Centres) -> np.ndarray:
    """Run k-means from `anchors` until it stops; return the best anchors of all rounds."""
    best, lowest, rounds_without_gain = anchors, np.inf, 0
    for _ in range(_ITERATIONS):
        indices, distances = nearest(boxes.values, anchors)
        total = float(boxes.counts @ distances)
        rounds_without_gain += 1
        if total < lowest * (1 - _GAIN):
            best, lowest, rounds_without_gain = anchors, total, 0
        moved = centres.move(anchors, indices)
        if rounds_without_gain >= _PATIENCE or np.array_equal(moved, anchors):
            break
        anchors = moved
    return best
