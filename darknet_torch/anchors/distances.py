"""Distances between box sizes and anchors, and the nearest anchor of each box size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

# Boxes per block: the intermediate arrays of a block fit into a core's cache.
BLOCK = 8192

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Nearest(Protocol):
    """Finds the nearest anchor of every box size."""

    def __call__(self, values: np.ndarray, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest anchors.

        Args:
            values: [2, U] widths and heights of boxes.
            anchors: [k, 2] widths and heights.

        Returns:
            [U] index of the nearest anchor, the first one if several are equally near; and [U]
            its distance.
        """


def iou(values: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The IoU of boxes and an anchor with the same centre.

    Args:
        values: [2, U] widths and heights.
        anchor: [2] width and height.

    Returns:
        [U], 0-1.
    """
    width, height = values
    shared = np.minimum(width, anchor[0])
    shared *= np.minimum(height, anchor[1])
    union = width * height
    union += anchor[0] * anchor[1]
    union -= shared
    shared /= union
    return shared


def iou_distance(values: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """1 - IoU. Source: matrix.c dist (AlexeyAB); arguments as `iou`."""
    return 1 - iou(values, anchor)


def squared_distance(values: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The squared Euclidean distance of width and height; arguments as `iou`."""
    width, height = values[0] - anchor[0], values[1] - anchor[1]
    return width * width + height * height


def nearest_by(distance: Distance) -> Nearest:
    """Create a function that finds the anchors nearest by `distance`, in numpy."""

    def nearest(values: np.ndarray, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # The smallest integer type, since boxes are later sorted by it: few bits sort fastest.
        indices = np.zeros(values.shape[1], np.min_scalar_type(len(anchors)))
        distances = np.full(values.shape[1], np.inf)
        for block in _blocks(values.shape[1]):
            best, index = distances[block], indices[block]
            for number, anchor in enumerate(anchors):
                found = distance(values[:, block], anchor)
                np.copyto(index, number, where=found < best)
                np.minimum(best, found, out=best)
        return indices, distances

    return nearest


def _blocks(total: int) -> Iterator[slice]:
    for start in range(0, total, BLOCK):
        yield slice(start, start + BLOCK)
