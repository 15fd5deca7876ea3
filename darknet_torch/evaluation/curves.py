"""Average precision of a precision-recall curve. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Curve:
    """Precision and recall of a class as its detections are added, from high to low score.

    Attributes:
        precision, recall: [K] float64, 0-1.
    """

    precision: np.ndarray
    recall: np.ndarray

    @staticmethod
    def from_hits(right: np.ndarray, truths: int) -> Curve:
        """Compute the curve of K detections, which are sorted by score.

        Args:
            right: [K] bool, whether each detection is a true positive.
            truths: number of objects; recall is 0 if there are none.
        """
        hits = np.cumsum(right, dtype=np.float64)
        precision = hits / np.arange(1, len(right) + 1)
        return Curve(precision, hits / truths if truths else np.zeros(len(right)))

    @property
    def envelope(self) -> np.ndarray:
        """[K] the highest precision at each recall or a higher one."""
        return np.maximum.accumulate(self.precision[::-1])[::-1]

    @property
    def steps(self) -> np.ndarray:
        """[K] the increase of recall with each detection."""
        return np.diff(self.recall, prepend=0.0)

    def area(self) -> float:
        """Return the area under the envelope.

        Darknet takes the envelope one detection earlier. The area is the same, because a right
        detection never lowers the precision.

        Source: VOCdevkit VOCap.m (since 2010), detector.c validate_detector_map (AlexeyAB).
        """
        return float(np.sum(self.steps * self.envelope))

    def at_points(self, points: int) -> float:
        """Return the mean of the envelope at `points` recalls, evenly spaced from 0 to 1.

        Source: detector.c validate_detector_map (AlexeyAB); with 11 points VOCdevkit 2007.
        """
        return float(np.mean(self.precision_at(np.arange(points) / (points - 1))))

    def precision_at(self, recalls: np.ndarray) -> np.ndarray:
        """Return the envelope at each of [R] recalls, 0 where the curve does not reach them."""
        return np.append(self.envelope, 0.0)[np.searchsorted(self.recall, recalls)]
