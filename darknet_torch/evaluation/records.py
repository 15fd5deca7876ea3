"""What was found in a whole data set, and what is there, as flat arrays. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.datasets.examples import Example


@dataclass(frozen=True)
class Truths:
    """The objects of a data set; all arrays have T rows, picture by picture.

    Attributes:
        pictures: [T] int64, the picture's place in the data set, from 0.
        class_ids: [T] int64, from 0.
        boxes: [T, 4] float64, centre x, centre y, width, height in 0-1 of the picture.
        difficult: [T] bool, objects that may be missed.
    """

    pictures: np.ndarray
    class_ids: np.ndarray
    boxes: np.ndarray
    difficult: np.ndarray

    def __len__(self) -> int:
        return len(self.class_ids)

    def select(self, rows: np.ndarray) -> Truths:
        """Those of the given rows (places or a mask)."""
        return Truths(
            self.pictures[rows], self.class_ids[rows], self.boxes[rows], self.difficult[rows]
        )

    def count(self, classes: int) -> np.ndarray:
        """[classes] how many there are of each class."""
        return np.bincount(self.class_ids, minlength=classes)[:classes]


@dataclass(frozen=True)
class PictureDetections:
    """What a detector found in a data set; all arrays have K rows, picture by picture.

    A box that is above the threshold for two classes stands here twice.

    Attributes:
        pictures: [K] int64, the picture's place in the data set, from 0.
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

    def select(self, rows: np.ndarray) -> PictureDetections:
        """Those of the given rows (places or a mask), in that order."""
        return PictureDetections(
            self.pictures[rows], self.class_ids[rows], self.boxes[rows], self.scores[rows]
        )

    def by_score(self) -> PictureDetections:
        """The same, the most certain first; equal ones keep their order."""
        return self.select(np.argsort(-self.scores, kind="stable"))

    @staticmethod
    def join(parts: Sequence[PictureDetections]) -> PictureDetections:
        """All of `parts`, one after the other."""
        if not parts:
            return PictureDetections.of_picture(0, np.zeros((0, 4)), np.zeros((0, 1)))
        return PictureDetections(
            np.concatenate([part.pictures for part in parts]),
            np.concatenate([part.class_ids for part in parts]),
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )

    @staticmethod
    def of_picture(picture: int, boxes: np.ndarray, scores: np.ndarray) -> PictureDetections:
        """The boxes of one picture, box by box and then class by class, as Darknet counts.

        Args:
            picture: its place in the data set.
            boxes: [A, 4] as the attribute.
            scores: [A, C], 0 where there is nothing.
        """
        rows, class_ids = np.nonzero(scores > 0)
        return PictureDetections(
            np.full(len(rows), picture, np.int64),
            class_ids.astype(np.int64),
            boxes[rows].astype(np.float32),
            scores[rows, class_ids].astype(np.float32),
        )


def truths_of(examples: Sequence[Example]) -> Truths:
    """The labelled objects of a data set; a picture without labels has none."""
    labels = [(i, e.labels) for i, e in enumerate(examples) if e.labels is not None]
    counts = [len(one) for _, one in labels]
    return Truths(
        np.repeat(np.array([i for i, _ in labels], np.int64), counts),
        np.concatenate([np.zeros(0, np.int64), *(one.class_ids for _, one in labels)]),
        np.concatenate([np.zeros((0, 4)), *(one.boxes for _, one in labels)]),
        np.concatenate([np.zeros(0, bool), *(one.difficult for _, one in labels)]),
    )
