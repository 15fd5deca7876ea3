"""The detections of a run without truths, as what tables and plots count. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.evaluation.threshold_curves import THRESHOLDS, count_above


@dataclass(frozen=True)
class DetectionSummary:
    """The K detections in some pictures.

    Attributes:
        names: [C] names of the classes.
        class_ids: [K] integers, from 0.
        scores: [K] float32, 0-1.
        boxes_xyxy: [K, 4] left, top, right, bottom in 0-1 of the picture.
        pictures: number of pictures.
        confidence: the threshold at which detections are counted, 0-1.
    """

    names: tuple[str, ...]
    class_ids: np.ndarray
    scores: np.ndarray
    boxes_xyxy: np.ndarray
    pictures: int
    confidence: float

    def counts_over_thresholds(self) -> np.ndarray:
        """[C, 101] int64, how many scores of each class are above 0, 0.01, ... 1."""
        by_class = (self.scores[self.class_ids == i] for i in range(len(self.names)))
        counts = [count_above(scores) for scores in by_class]
        return np.array(counts, np.int64).reshape(len(self.names), len(THRESHOLDS))

    @property
    def counted(self) -> np.ndarray:
        """[K] bool, whether each score is above the threshold."""
        return self.scores > np.float32(self.confidence)
