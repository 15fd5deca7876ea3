"""What a data set is, whatever form it is kept in. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Labels:
    """The boxes of one picture; all arrays have K rows, in the order of the file.

    Attributes:
        class_ids: [K] int64, from 0.
        boxes: [K, 4] float64, centre x, centre y, width, height in 0-1 of the picture, as the
            form says them: neither clipped nor checked.
        difficult: [K] bool, VOC's mark; all False in forms that have none. COCO's crowds
            carry it too.
    """

    class_ids: np.ndarray
    boxes: np.ndarray
    difficult: np.ndarray

    def __len__(self) -> int:
        return len(self.class_ids)

    @staticmethod
    def from_arrays(class_ids: ArrayLike, boxes: ArrayLike, difficult: object = None) -> Labels:
        """Labels from lists or arrays of any number type.

        Args:
            class_ids: K integers.
            boxes: [K, 4]; see `Labels`.
            difficult: K booleans; None marks no box as difficult.
        """
        ids = np.asarray(class_ids, np.int64).reshape(-1)
        marks = np.zeros(len(ids), bool) if difficult is None else np.asarray(difficult, bool)
        return Labels(ids, np.asarray(boxes, np.float64).reshape(-1, 4), marks)

    @staticmethod
    def empty() -> Labels:
        """The labels of a picture without objects."""
        return Labels.from_arrays((), ())


@dataclass(frozen=True)
class Example:
    """A picture and what is known of it.

    Attributes:
        path: of the picture, which may be missing.
        labels: its boxes; None where there is no label file at all (an empty one is a
            picture without objects).
        size: height and width, pixels, if the form says them.
        picture_id: COCO's id; None in other forms.
        label_file: where the labels stand, for messages; None if that is one file for all.
    """

    path: Path
    labels: Labels | None
    size: tuple[int, int] | None = None
    picture_id: int | None = None
    label_file: Path | None = None


@dataclass(frozen=True)
class Problem:
    """Something wrong in a data set, which did not keep it from being read.

    Attributes:
        kind: a word for it, such as "bad line"; one word per kind of fault.
        where: file, or file:line.
        what: one line.
    """

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class DataSet:
    """Labelled pictures.

    Attributes:
        examples: in the order of the form.
        names: of the classes; may be empty.
        origin: what was read, for messages.
        category_ids: COCO's id of each class, in the order of `names`; empty elsewhere.
        problems: what was wrong in the files and left out or repaired.
    """

    examples: tuple[Example, ...]
    names: tuple[str, ...]
    origin: str
    category_ids: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
