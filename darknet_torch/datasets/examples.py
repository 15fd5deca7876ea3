"""Labelled pictures in memory, the same for every data set format. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.errors import format_message

RecordId = int | float | str  # the id of a COCO image or category


@dataclass(frozen=True)
class Labels:
    """The K boxes of one picture, in the order of the file.

    Attributes:
        class_ids: [K] int64, from 0.
        boxes: [K, 4] float64, centre x, centre y, width, height in 0-1 of the picture, as read:
            neither clipped nor checked.
        difficult: [K] bool, VOC's ``difficult`` or COCO's ``iscrowd``; False in label files
            without such a mark.
        numbers: [K] int64, for messages: the line of each box in a label file of Darknet's, or
            its number among the boxes of the picture, from 1; None for 1, 2, ..., K.
        areas: [K] float64, the areas of the outlines in square pixels; None if unknown.
    """

    class_ids: np.ndarray
    boxes: np.ndarray
    difficult: np.ndarray
    numbers: np.ndarray | None = None
    areas: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.class_ids)

    @staticmethod
    def from_arrays(
        class_ids: ArrayLike,
        boxes: ArrayLike,
        difficult: object = None,
        *,
        numbers: ArrayLike | None = None,
        areas: ArrayLike | None = None,
    ) -> Labels:
        """Labels from lists or arrays of any number type.

        Args:
            class_ids: K integers.
            boxes: [K, 4]; see `Labels`.
            difficult: K booleans; None marks no box as difficult.
            numbers, areas: K numbers or None; see `Labels`.
        """
        ids = np.asarray(class_ids, np.int64).reshape(-1)
        marks = np.zeros(len(ids), bool) if difficult is None else np.asarray(difficult, bool)
        return Labels(
            ids,
            np.asarray(boxes, np.float64).reshape(-1, 4),
            marks,
            None if numbers is None else np.asarray(numbers, np.int64).reshape(-1),
            None if areas is None else np.asarray(areas, np.float64).reshape(-1),
        )

    def select(self, rows: np.ndarray) -> Labels:
        """The boxes of the given rows (indices or a mask)."""
        return Labels(
            self.class_ids[rows],
            self.boxes[rows],
            self.difficult[rows],
            None if self.numbers is None else self.numbers[rows],
            None if self.areas is None else self.areas[rows],
        )

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
        difficult_file: the file with the difficult boxes, for messages, if it is another one.
    """

    path: Path
    labels: Labels | None
    size: tuple[int, int] | None = None
    picture_id: RecordId | None = None
    label_file: Path | None = None
    exif: bool = True
    difficult_file: Path | None = None

    def measure(self) -> tuple[int, int]:
        """Height and width in pixels, as the data set says, else as the picture file does.

        Raises:
            ImageError: the data set does not contain the size, and the picture cannot be read.
        """
        return self.size or picture_size(self.path, exif=self.exif)

    @property
    def has_label_lines(self) -> bool:
        """Whether each box is a line of a label file, as in Darknet's format."""
        return self.label_file is not None and self.label_file.suffix.lower() == ".txt"

    def box_place(self, row: int) -> str:
        """Where the box of a row stands: ``file:line``, or the file and the number of the box."""
        assert self.labels is not None
        number = row + 1 if self.labels.numbers is None else self.labels.numbers[row]
        file = self.label_file or self.path
        if not self.has_label_lines:
            return f"{file}: box {number}"
        difficult = self.difficult_file if self.labels.difficult[row] else None
        return f"{difficult or file}:{number}"


@dataclass(frozen=True)
class Problem:
    """A problem in a data set that did not prevent reading it.

    Attributes:
        kind: the kind of problem, such as "bad line".
        where: the file, or file:line.
        what: one line that describes the problem.
        expected: what would have been right.
        got: what was found instead.
        fix: what the user can do about it.
        is_note: it is worth knowing, but nothing was left out.
    """

    kind: str
    where: str
    what: str
    expected: str | None = None
    got: str | None = None
    fix: str | None = None
    is_note: bool = False

    def __str__(self) -> str:
        return format_message(
            self.what, where=self.where, expected=self.expected, got=self.got, fix=self.fix
        )


@dataclass(frozen=True)
class DataSet:
    """Labelled pictures.

    Attributes:
        examples: the pictures, in the order of the files.
        names: the class names; may be empty.
        origin: the path and split that were read, for messages.
        category_ids: COCO's id of each class, in the order of `names`; empty in other formats.
            Ids are as in the file: usually integers, but COCO's program reads texts, too.
        problems: problems found while reading; the faulty parts were skipped.
    """

    examples: tuple[Example, ...]
    names: tuple[str, ...]
    origin: str
    category_ids: tuple[RecordId, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def exif(self) -> bool:
        """Whether pictures are rotated according to their EXIF orientation, see `Example`."""
        return all(item.exif for item in self.examples)
