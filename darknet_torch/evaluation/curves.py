"""Average precision from a curve of precision over recall. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Curve:
    """Precision and recall as detections of a class are added, the most certain first.

    Attributes:
        precision, recall: [K] float64, 0-1.
    """

    precision: np.ndarray
    recall: np.ndarray

    @staticmethod
    def from_hits(right: np.ndarray, truths: int) -> Curve:
        """From detections in order.

        Args:
            right: [K] bool, whether each is right.
            truths: how many objects there are; recall is 0 if there are none.
        """
        hits = np.cumsum(right, dtype=np.float64)
        precision = hits / np.arange(1, len(right) + 1)
        return Curve(precision, hits / truths if truths else np.zeros(len(right)))

    @property
    def envelope(self) -> np.ndarray:
        """[K] the best precision at each recall or a higher one."""
        return np.maximum.accumulate(self.precision[::-1])[::-1]

    @property
    def steps(self) -> np.ndarray:
        """[K] by how much each detection raises the recall."""
        return np.diff(self.recall, prepend=0.0)

    def area(self) -> float:
        """The area below the envelope.

        Darknet takes the envelope one detection earlier, which is the same: a right detection
        never lowers the precision.

        Source: VOCdevkit VOCap.m (since 2010), detector.c validate_detector_map (AlexeyAB).
        """
        return float(np.sum(self.steps * self.envelope))

    def at_points(self, points: int) -> float:
        """The mean of the envelope at `points` recalls, evenly spaced from 0 to 1.

        Source: detector.c validate_detector_map (AlexeyAB); with 11 points VOCdevkit 2007.
        """
        wanted = np.arange(points) / (points - 1)
        places = np.searchsorted(self.recall, wanted)
        best = np.append(self.envelope, 0.0)
        return float(np.mean(best[places]))
