"""The detections and the ground truth objects of a data set as flat arrays. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.datasets.examples import Example, Labels


@dataclass(frozen=True)
class TruthTable:
    """The T ground truth objects of a data set, picture by picture.

    Attributes:
        pictures: [T] int64, index of the picture in the data set.
        class_ids: [T] int64, from 0.
        boxes: [T, 4] float64, centre x, centre y, width, height in 0-1 of the picture.
        difficult: [T] bool, whether the object may be missed without penalty.
        areas: [T] float64, areas of the outlines in square pixels, NaN where they are unknown;
            None if all are.
    """

    pictures: np.ndarray
    class_ids: np.ndarray
    boxes: np.ndarray
    difficult: np.ndarray
    areas: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.class_ids)

    def select(self, rows: np.ndarray) -> TruthTable:
        """Return the objects of the given rows (indices or a mask)."""
        return TruthTable(
            self.pictures[rows],
            self.class_ids[rows],
            self.boxes[rows],
            self.difficult[rows],
            None if self.areas is None else self.areas[rows],
        )

    def count(self, classes: int) -> np.ndarray:
        """Return the number of objects of each class, [classes]."""
        return np.bincount(self.class_ids, minlength=classes)[:classes]


@dataclass(frozen=True)
class DetectionTable:
    """The K detections in a data set, picture by picture.

    A box that is above the threshold for two classes is listed twice.

    Attributes:
        pictures: [K] int64, index of the picture in the data set.
        class_ids: [K] int64, from 0.
        boxes: [K, 4] float32, centre x, centre y, width, height in 0-1 of the picture; they
            may reach beyond it.
        scores: [K] float32, 0-1.
    """

    pictures: np.ndarray
    class_ids: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, rows: np.ndarray) -> DetectionTable:
        """Return the detections of the given rows (indices or a mask), in that order."""
        return DetectionTable(
            self.pictures[rows], self.class_ids[rows], self.boxes[rows], self.scores[rows]
        )

    def by_score(self) -> DetectionTable:
        """Sort by score, the highest first; detections of equal score keep their order."""
        return self.select(np.argsort(-self.scores, kind="stable"))

    @staticmethod
    def join(parts: Sequence[DetectionTable]) -> DetectionTable:
        """Concatenate the detections of `parts`."""
        if not parts:
            return DetectionTable.from_picture(0, np.zeros((0, 4)), np.zeros((0, 1)))
        return DetectionTable(
            np.concatenate([part.pictures for part in parts]),
            np.concatenate([part.class_ids for part in parts]),
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )

    @staticmethod
    def from_picture(picture: int, boxes: np.ndarray, scores: np.ndarray) -> DetectionTable:
        """List the detections of one picture box by box, and of a box class by class.

        This is the order in which Darknet counts them.

        Args:
            picture: index of the picture in the data set.
            boxes: [A, 4] in the format of the attribute `boxes`.
            scores: [A, C]; 0 where a box is not detected as a class.
        """
        rows, class_ids = np.nonzero(scores > 0)
        return DetectionTable(
            np.full(len(rows), picture, np.int64),
            class_ids.astype(np.int64),
            boxes[rows].astype(np.float32),
            scores[rows, class_ids].astype(np.float32),
        )


def collect_truths(examples: Sequence[Example]) -> TruthTable:
    """Collect the labelled objects of a data set; a picture without labels has none."""
    labels = [(i, e.labels) for i, e in enumerate(examples) if e.labels is not None]
    counts = [len(one) for _, one in labels]
    return TruthTable(
        np.repeat(np.array([i for i, _ in labels], np.int64), counts),
        np.concatenate([np.zeros(0, np.int64), *(one.class_ids for _, one in labels)]),
        np.concatenate([np.zeros((0, 4)), *(one.boxes for _, one in labels)]),
        np.concatenate([np.zeros(0, bool), *(one.difficult for _, one in labels)]),
        np.concatenate([np.zeros(0), *(_areas(one) for _, one in labels)]),
    )


def _areas(labels: Labels) -> np.ndarray:
    return np.full(len(labels), np.nan) if labels.areas is None else labels.areas
