"""The boxes of one picture before and after non-maximum suppression. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
