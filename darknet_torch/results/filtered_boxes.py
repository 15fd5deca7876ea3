"""The boxes of one picture before and after non-maximum suppression. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FoundBoxes:
    """The boxes of one picture that are left after NMS, those of high scores first.

    Of equal scores, the box that the network has first comes first, and of one box the class
    with the lower number.

    Attributes:
        boxes_cxcywh: [D, 4] float64, centre x, centre y, width, height in 0-1 of the picture;
            they may reach beyond it.
        scores: [D] float32, 0-1.
        class_ids: [D] int64.
    """

    boxes_cxcywh: np.ndarray
    scores: np.ndarray
    class_ids: np.ndarray


@dataclass(frozen=True)
class FilteredBoxes:
    """The boxes of one picture that are above a score threshold, and what NMS keeps of them.

    Attributes:
        boxes_cxcywh: [A, 4] centre x, centre y, width, height in 0-1 of the picture; they may
            reach beyond it.
        scores: [A, C] 0-1; 0 where a score is at or below the threshold.
        scores_after_nms: [A, C] the same scores; 0 also where NMS dropped the box.
    """

    boxes_cxcywh: np.ndarray
    scores: np.ndarray
    scores_after_nms: np.ndarray

    def by_score(self) -> FoundBoxes:
        """Return what NMS keeps, a box for each class."""
        rows, class_ids = np.nonzero(self.scores_after_nms)
        scores = self.scores_after_nms[rows, class_ids]
        order = np.argsort(-scores, kind="stable")
        return FoundBoxes(self.boxes_cxcywh[rows[order]], scores[order], class_ids[order])
