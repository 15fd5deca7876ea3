"""k-means of box sizes: k-means++ starts, restarts, several distances and centres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from darknet_torch.anchors import DEFAULT_RESTARTS, DEFAULT_VARIANT
from darknet_torch.anchors.centres import Centres, Means, Medians
from darknet_torch.anchors.distances import (
    Distance,
    Nearest,
    iou_distance,
    nearest_by,
    squared_distance,
)
from darknet_torch.anchors.quality import fit
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.errors import UsageError

_ITERATIONS = 1000  # as do_kmeans of AlexeyAB's matrix.c
# Neither mean nor median is the centre that lowers 1 - IoU most: the sum may rise for some
# rounds and fall again, or go round in a circle. So a run ends when that many rounds together
# have not lowered it by this part, which is less than the printed digits show.
_PATIENCE = 10
_GAIN = 1e-5
# Different sizes that the restarts look at; the best of them then goes on with all sizes.
_SAMPLE = 10_000


@dataclass(frozen=True)
class Variant:
    """A kind of k-means: what is near, and what is in the middle."""

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
) -> np.ndarray:
    """Anchors for `boxes`: of several runs of k-means the ones with the best average IoU.

    Args:
        count: how many anchors.
        variant: "median" or "mean" of the boxes nearest by IoU, as the new anchor, or
            "euclidean": the mean of those nearest in width and height.
        seed: the same boxes and the same seed give the same anchors.
        restarts: how many runs, at least 1, each from a start of its own.
        nearest: what finds nearest anchors, by the variant's distance, instead of numpy.

    Returns:
        [count, 2] float64 widths and heights, smallest area first.

    Raises:
        UsageError: there are fewer different boxes than anchors.
    """
    if not 1 <= count <= len(boxes):
        raise UsageError(
            f"cannot make {count} anchors of {len(boxes)} different box sizes",
            expected=f"1 to {len(boxes)} anchors",
        )
    kind, random = VARIANTS[variant], np.random.default_rng(seed)
    nearest = nearest or nearest_by(kind.distance)
    some = boxes.sample(max(_SAMPLE, count), random)
    centres = kind.centres(some)
    starts = (_start(some, count, kind.distance, random) for _ in range(restarts))
    found = [_run(some, start, nearest, centres) for start in starts]
    best = max(found, key=lambda anchors: fit(some, anchors).average_iou)
    if some is not boxes:
        best = _run(boxes, best, nearest, kind.centres(boxes))
    return by_area(best)


def by_area(anchors: np.ndarray) -> np.ndarray:
    """[k, 2] anchors, smallest area first. Source: detector.c anchors_data_comparator."""
    return anchors[np.argsort(anchors.prod(1), kind="stable")]


def _start(
    boxes: BoxSizes, count: int, distance: Distance, random: np.random.Generator
) -> np.ndarray:
    """k-means++: boxes drawn one by one, by their distance to those drawn already."""
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
    """The best anchors on the way from `anchors` to where k-means stops."""
    best, lowest, waited = anchors, np.inf, 0
    for _ in range(_ITERATIONS):
        indices, distances = nearest(boxes.values, anchors)
        total = float(boxes.counts @ distances)
        waited += 1
        if total < lowest * (1 - _GAIN):
            best, lowest, waited = anchors, total, 0
        moved = centres.move(anchors, indices)
        if waited >= _PATIENCE or np.array_equal(moved, anchors):
            break
        anchors = moved
    return best
