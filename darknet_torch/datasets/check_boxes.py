"""Faults of the boxes of one picture. No torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from darknet_torch.datasets.examples import Example, Problem
from darknet_torch.results.boxes import cxcywh_to_xyxy

_BEYOND = 0.5  # pixels that an edge may lie outside: half of one, what rounding does
_SAME = 1e-6  # boxes as near as this are the same: the sixth decimal of Darknet's labels


def box_problems(
    example: Example, names: tuple[str, ...], size: tuple[int, int] | None
) -> Iterator[Problem]:
    """What is wrong with the boxes of a picture.

    Args:
        names: of the classes; without any, every class id from 0 will do.
        size: height and width of the picture, pixels; None if it cannot be read.
    """
    labels = example.labels
    if labels is None:
        return
    height, width = size or example.size or (1 / _SAME, 1 / _SAME)
    pixels = labels.boxes * (width, height, width, height)
    corners, sides = cxcywh_to_xyxy(pixels), pixels[:, 2:]
    empty = (sides <= 0).any(1)
    faults = {
        "class id": (labels.class_ids < 0) | (labels.class_ids >= (len(names) or np.inf)),
        "zero size": empty,
        "less than a pixel": ~empty & (sides < 1).any(1),
        "out of range": _outside(corners, pixels[:, :2], (width, height)),
        "duplicate box": _repeated(np.column_stack((labels.class_ids, labels.boxes / _SAME))),
    }
    where = str(example.label_file or example.path)
    for kind, rows in faults.items():
        for row in np.flatnonzero(rows):
            box = " ".join(f"{value:g}" for value in labels.boxes[row])
            what = f"box {row + 1}, class {labels.class_ids[row]}, {box}"
            yield Problem(kind, where, what)


def _outside(corners: np.ndarray, centres: np.ndarray, limit: tuple[float, float]) -> np.ndarray:
    """Which boxes reach beyond the picture, or lie beyond it."""
    beyond = (corners[:, :2] < -_BEYOND) | (corners[:, 2:] > np.add(limit, _BEYOND))
    away = (centres < 0) | (centres > limit)
    return np.any(beyond | away, 1)


def _repeated(rows: np.ndarray) -> np.ndarray:
    """Which rows stood there before."""
    repeated = np.ones(len(rows), bool)
    if len(rows):
        repeated[np.unique(np.rint(rows), axis=0, return_index=True)[1]] = False
    return repeated
