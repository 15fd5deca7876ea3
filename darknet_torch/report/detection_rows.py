"""The detections of a run, collected picture by picture in little memory. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from darknet_torch.report.detection_summary import DetectionSummary
from darknet_torch.results.detections import Detections

_COLUMNS = 6  # left, top, right, bottom, score, class


class DetectionRows:
    """Collects detections; each takes 24 bytes.

    Args:
        names: of the classes.
        confidence: the threshold of the run, 0-1.
    """

    def __init__(self, names: Sequence[str], confidence: float) -> None:
        self._names, self._confidence = tuple(names), confidence
        self._pictures, self._rows = 0, bytearray()

    def add(self, detections: Detections) -> None:
        """Add the detections in a picture."""
        size = (detections.width, detections.height) * 2
        columns = (detections.boxes_xyxy / size, detections.scores, detections.class_ids)
        self._rows += np.column_stack(columns).astype(np.float32).tobytes()
        self._pictures += 1

    def summary(self) -> DetectionSummary:
        """Return all that were added."""
        rows = np.frombuffer(self._rows, np.float32).reshape(-1, _COLUMNS)
        return DetectionSummary(
            self._names,
            rows[:, 5].astype(np.int64),
            rows[:, 4],
            rows[:, :4],
            self._pictures,
            self._confidence,
        )
