"""How many objects any box covers, as ``darknet detector recall`` counts. No torch of its own.

Source: detector.c validate_detector_recall (both code bases).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.datasets.examples import Labels
from darknet_torch.results.boxes import box_iou, cxcywh_to_xyxy

MIN_OBJECTNESS, NMS_THRESHOLD = 0.001, 0.4


@dataclass(frozen=True)
class Recall:
    """The counts so far.

    Attributes:
        pictures: seen, 1 or more.
        correct: objects that a box overlaps by more than the limit.
        total: objects.
        proposals: boxes.
        overlap: sum of the best IoU of each object.
    """

    pictures: int
    correct: int
    total: int
    proposals: int
    overlap: float

    def line(self) -> str:
        """Darknet's line of the last picture."""
        iou, recall = (
            (value / self.total if self.total else float("nan"))
            for value in (self.overlap, self.correct)
        )
        return (
            f"{self.pictures - 1:5d} {self.correct:5d} {self.total:5d}"
            f"\tRPs/Img: {self.proposals / self.pictures:.2f}"
            f"\tIOU: {iou * 100:.2f}%\tRecall:{recall * 100:.2f}%"
        )


def recalls(
    proposals: Sequence[np.ndarray], labels: Sequence[Labels | None], *, iou: float = 0.5
) -> Iterator[Recall]:
    """The counts after each picture.

    Args:
        proposals: of each picture, [A, 4] boxes of any class, centre x, centre y, width,
            height in 0-1 of it.
        labels: of each picture.
        iou: overlap above which an object is found, 0-1.
    """
    so_far = Recall(0, 0, 0, 0, 0.0)
    for boxes, known in zip(proposals, labels, strict=True):
        objects = np.zeros((0, 4)) if known is None else known.boxes
        best = _best_overlaps(objects, boxes)
        so_far = Recall(
            so_far.pictures + 1,
            so_far.correct + int((best > iou).sum()),
            so_far.total + len(objects),
            so_far.proposals + len(boxes),
            so_far.overlap + float(best.sum()),
        )
        yield so_far


def _best_overlaps(objects: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    corners = cxcywh_to_xyxy(boxes)
    best = [box_iou(one, corners).max(initial=0) for one in cxcywh_to_xyxy(objects)]
    return np.array(best, np.float64)
