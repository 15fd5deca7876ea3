"""Recall of box proposals of any class, as ``darknet detector recall`` counts it. No torch.

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
class RecallCounts:
    """The counts after some pictures.

    Attributes:
        pictures: number of pictures, 1 or more.
        correct: objects whose best IoU with a box is above the IoU threshold.
        total: number of objects.
        proposals: number of boxes.
        overlap: sum over the objects of the best IoU with any box.
    """

    pictures: int
    correct: int
    total: int
    proposals: int
    overlap: float

    def line(self) -> str:
        """Return the line that Darknet prints after the last picture."""
        iou, recall = (
            (value / self.total if self.total else float("nan"))
            for value in (self.overlap, self.correct)
        )
        return (
            f"{self.pictures - 1:5d} {self.correct:5d} {self.total:5d}"
            f"\tRPs/Img: {self.proposals / self.pictures:.2f}"
            f"\tIOU: {iou * 100:.2f}%\tRecall:{recall * 100:.2f}%"
        )


def running_recalls(
    proposals: Sequence[np.ndarray], labels: Sequence[Labels | None], *, iou: float = 0.5
) -> Iterator[RecallCounts]:
    """Yield the counts after each picture.

    Args:
        proposals: for each picture, [A, 4] boxes of any class: centre x, centre y, width,
            height in 0-1 of the picture.
        labels: the labels of each picture; None for a picture without labels.
        iou: an object counts as found if its best IoU is above this, 0-1.
    """
    counts = RecallCounts(0, 0, 0, 0, 0.0)
    for boxes, picture_labels in zip(proposals, labels, strict=True):
        objects = np.zeros((0, 4)) if picture_labels is None else picture_labels.boxes
        best = _best_overlaps(objects, boxes)
        counts = RecallCounts(
            counts.pictures + 1,
            counts.correct + int((best > iou).sum()),
            counts.total + len(objects),
            counts.proposals + len(boxes),
            counts.overlap + float(best.sum()),
        )
        yield counts


def _best_overlaps(objects: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the best IoU of each object with any box, [T] float64."""
    boxes_xyxy = cxcywh_to_xyxy(boxes)
    best = [box_iou(one, boxes_xyxy).max(initial=0) for one in cxcywh_to_xyxy(objects)]
    return np.array(best, np.float64)
