"""Boxes as a page shows them: in 0-1 of the picture, and within it. No torch."""

from __future__ import annotations

import numpy as np

from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.results.boxes import cxcywh_to_xyxy

MOST_BOXES = 100  # detections of one picture on a page, those of the highest scores

Corners = tuple[float, float, float, float]


def best_rows(table: DetectionTable, picture: int) -> tuple[np.ndarray, int]:
    """Choose the detections of a picture that a page shows.

    Args:
        table: the detections of all pictures.
        picture: index of the picture.

    Returns:
        The rows of those with the highest scores, at most `MOST_BOXES`, best first; and the number
        of the others.
    """
    rows = np.flatnonzero(table.pictures == picture)
    best = rows[np.argsort(-table.scores[rows], kind="stable")][:MOST_BOXES]
    return best, len(rows) - len(best)


def clipped_corners(boxes_cxcywh: np.ndarray) -> list[Corners]:
    """Convert boxes to their corners, clipped to the picture.

    Args:
        boxes_cxcywh: [K, 4] centre x, centre y, width, height in 0-1 of the picture; values that
            are not finite, which untrained networks give, become its edges.

    Returns:
        Left, top, right, bottom of each.
    """
    with np.errstate(invalid="ignore"):  # infinity less infinity
        corners = cxcywh_to_xyxy(boxes_cxcywh.astype(np.float64))
    return [tuple(box) for box in np.nan_to_num(corners.clip(0, 1)).tolist()]
