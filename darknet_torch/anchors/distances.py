"""How far boxes are from anchors, and which anchor is nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

# Boxes at once: the intermediate arrays of this many stay in a core's own cache.
BLOCK = 8192

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Nearest(Protocol):
    """Finds the nearest anchor of every box."""

    def __call__(self, values: np.ndarray, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest anchors and the distances to them, as `nearest_by`."""


def iou(values: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The IoU of boxes and an anchor that share their centre.

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
    """The squared length of the difference in width and height; arguments as `iou`."""
    width, height = values[0] - anchor[0], values[1] - anchor[1]
    return width * width + height * height


def nearest_by(distance: Distance) -> Nearest:
    """What finds the anchors that are nearest by `distance`.

    It takes [2, U] sizes and [k, 2] anchors and returns [U] indices of anchors, the first of
    those equally near, and [U] distances.
    """

    def nearest(values: np.ndarray, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # The smallest integers, since boxes are later sorted by them: few bits sort fastest.
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
