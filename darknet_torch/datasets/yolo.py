"""Reads pictures with a txt label file each, as today's YOLO programs lay them out. No torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from darknet_torch.datasets.class_files import unnamed_classes
from darknet_torch.datasets.darknet import (
    label_path,
    parse_box_line,
    parse_numbers,
    read_labels,
)
from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.datasets.label_files import TXT_FOLDERS, LabelFinder
from darknet_torch.datasets.picture_files import PictureFinder
from darknet_torch.text import is_file

_BOX = 5  # words of class x y width height
_LEAST_OUTLINE = 7  # words of a class and three points


@dataclass
class LabelLines:
    """Parses the lines of YOLO label files, and counts those that are no plain boxes.

    ``class x1 y1 x2 y2 x3 y3 ...`` is an outline, of which the bounding box is taken.

    Attributes:
        key_points: the numbers after ``class x y width height`` are key points, not an outline.
        count: how many lines were more than a box.
    """

    key_points: bool = False
    count: int = 0

    def parse(self, line: bytes) -> tuple[int, list[float]]:
        """The class and the box of a line; raises as `parse_box_line`."""
        count = len(line.split())
        if count <= _BOX:
            return parse_box_line(line)
        if self.key_points:
            class_id, numbers = parse_numbers(line)
            self.count += 1
            return class_id, numbers[: _BOX - 1]
        if count < _LEAST_OUTLINE or count % 2 == 0:
            return parse_box_line(line)
        class_id, numbers = parse_numbers(line)
        self.count += 1
        points = np.reshape(numbers, (-1, 2))
        low, high = points.min(0), points.max(0)
        return class_id, [*((low + high) / 2).tolist(), *(high - low).tolist()]

    def problems(self, where: str) -> list[Problem]:
        """A note about the lines that were more than a box, if there were any."""
        if not self.count:
            return []
        what = (
            f"{self.count} labels have key points; their boxes are taken"
            if self.key_points
            else f"{self.count} labels are outlines; the bounding box of each is taken"
        )
        return [Problem("outline", where, what, is_note=True)]


@dataclass
class YoloReader:
    """Reads pictures and their txt labels.

    Attributes:
        root: the folder of the data set.
        exif: see `Example`.
        lines: parses label lines.
        problems: what was found to be wrong.
    """

    root: Path
    exif: bool = True
    lines: LabelLines = field(default_factory=LabelLines)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._labels = LabelFinder(".txt", TXT_FOLDERS, self.root)
        self._pictures = PictureFinder()

    def label_file(self, picture: Path) -> Path:
        """The label file of a picture; where Darknet looks for it first if there is none."""
        darknet = label_path(picture)
        return darknet if is_file(darknet) else self._labels.find(picture) or darknet

    def read(self, pictures: Iterable[str | os.PathLike[str]], where: str) -> tuple[Example, ...]:
        """Read the labels of `pictures`.

        Args:
            pictures: their paths.
            where: the file or folder that names them, for messages.
        """
        return tuple(self._example(Path(picture), where) for picture in pictures)

    def _example(self, named: Path, where: str) -> Example:
        path, notes = self._pictures.find(named, where)
        file = self.label_file(path)
        labels, found = read_labels(file, self.lines.parse)
        self.problems += [*notes, *found]
        return Example(path, labels, label_file=file, exif=self.exif)

    def data_set(
        self,
        examples: tuple[Example, ...],
        names: tuple[str, ...],
        origin: str,
        all_examples: Callable[[], Iterable[Example]],
    ) -> DataSet:
        """The examples as a data set.

        Args:
            examples: from `read`.
            names: the class names; if they are unknown, classes are numbered.
            origin: see `DataSet`.
            all_examples: returns those of all splits, which have the same classes.
        """
        problems = [*self.problems, *self.lines.problems(origin)]
        if not names:
            names, notes = unnamed_classes(all_examples(), self.root)
            problems += notes
        return DataSet(examples, names, origin, problems=tuple(problems))
