"""NMS of all classes and pictures at once, compared with a greedy loop over boxes as in C."""

from __future__ import annotations

import numpy as np

from darknet_torch.results.boxes import cxcywh_to_xyxy, overlap_function

NUMBER_OF_CLASSES = 80
LEAST_SCORE = 0.25


def random_candidates(count: int, *, most: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Make candidates as a network with 80 classes gives them, but anywhere in the picture.

    Args:
        count: the number of boxes, K.
        most: each box is a candidate for 1 to this many classes.

    Returns:
        [K, 4] centre x, centre y, width, height in 0-1; [K, 80] scores, 0 for no candidate.
    """
    random = np.random.default_rng(0)
    sides = np.exp(random.normal(np.log(0.1), 0.8, (count, 2))).clip(0.02, 0.5)
    scores = random.uniform(LEAST_SCORE, 1, (count, NUMBER_OF_CLASSES)).astype(np.float32)
    places = random.random(scores.shape).argsort(1).argsort(1)
    scores[places >= random.integers(1, most + 1, (count, 1))] = 0
    return np.concatenate((random.random((count, 2)), sides), 1), scores


def one_by_one(
    boxes_cxcywh: np.ndarray,
    scores: np.ndarray,
    pictures: np.ndarray,
    threshold: float,
    *,
    nms_kind: str = "default",
    beta_nms: float = 0.6,
) -> np.ndarray:
    """Compute `suppress_overlaps` in a loop over the boxes that are kept.

    Per picture and class, the box with the highest score is kept, those that overlap it are
    dropped, and the loop goes on with the rest.

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB).
    """
    kept = scores.copy()
    if not threshold:
        return kept
    corners, overlap = cxcywh_to_xyxy(boxes_cxcywh), overlap_function(nms_kind, beta_nms)
    for picture in np.unique(pictures):
        for column in range(scores.shape[1]):
            rows = np.flatnonzero((pictures == picture) & (scores[:, column] != 0))
            rows = rows[np.argsort(-scores[rows, column], kind="stable")]
            while len(rows) > 1:
                dropped = overlap(corners[rows[0]], corners[rows[1:]]) > threshold
                kept[rows[1:][dropped], column] = 0
                rows = rows[1:][~dropped]
    return kept
