"""Labelled pictures in memory, the same for every data set format. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from darknet_torch.datasets.picture_size import picture_size


@dataclass(frozen=True)
class Labels:
    """The K boxes of one picture, in the order of the file.

    Attributes:
        class_ids: [K] int64, from 0.
        boxes: [K, 4] float64, centre x, centre y, width, height in 0-1 of the picture, as read:
            neither clipped nor checked.
        difficult: [K] bool, VOC's ``difficult`` or COCO's ``iscrowd``; False in label files
            without such a mark.
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
    """A picture and its labels.

    Attributes:
        path: the picture file, which may be missing.
        labels: the boxes; None if there is no label file (an empty label file means a picture
            without objects).
        size: height and width in pixels, if the data set contains them.
        picture_id: COCO's image id; None in other formats.
        label_file: the file with these labels, for messages; None if one file has all labels.
        exif: the boxes are of the picture rotated according to its EXIF orientation; False if
            they are of the stored pixels.
    """

    path: Path
    labels: Labels | None
    size: tuple[int, int] | None = None
    picture_id: int | None = None
    label_file: Path | None = None
    exif: bool = True

    def measure(self) -> tuple[int, int]:
        """Height and width in pixels, as the data set says, else as the picture file does.

        Raises:
            ImageError: the data set does not contain the size, and the picture cannot be read.
        """
        return self.size or picture_size(self.path, exif=self.exif)


@dataclass(frozen=True)
class Problem:
    """A problem in a data set that did not prevent reading it.

    Attributes:
        kind: the kind of problem, such as "bad line".
        where: the file, or file:line.
        what: one line that describes the problem.
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
        examples: the pictures, in the order of the files.
        names: the class names; may be empty.
        origin: the path and split that were read, for messages.
        category_ids: COCO's id of each class, in the order of `names`; empty in other formats.
        problems: problems found while reading; the faulty parts were skipped.
    """

    examples: tuple[Example, ...]
    names: tuple[str, ...]
    origin: str
    category_ids: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def exif(self) -> bool:
        """Whether pictures are rotated according to their EXIF orientation, see `Example`."""
        return all(item.exif for item in self.examples)
