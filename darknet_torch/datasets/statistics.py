"""Statistics of a data set: classes, box sizes, boxes per picture. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.datasets.examples import DataSet, Labels, Problem
from darknet_torch.errors import ImageError
from darknet_torch.printable import column_width

_AREAS = {"small": 0.0, "medium": 32.0**2, "large": 96.0**2}  # COCO's lower bounds, square pixels
_QUANTILES = {"minimum": 0, "p10": 10, "median": 50, "p90": 90, "maximum": 100}


@dataclass(frozen=True)
class ClassCount:
    """The number of boxes of a class, and of pictures with such a box."""

    class_id: int
    name: str
    boxes: int
    pictures: int


@dataclass(frozen=True)
class Statistics:
    """The statistics of one split.

    Attributes:
        name: the split.
        classes: the counts of each class.
        boxes: [K, 4] all boxes: centre x, centre y, width, height in 0-1 of the picture.
        per_picture: [P] number of boxes in each picture.
        difficult: number of boxes that are marked difficult.
        without_labels: pictures without a label file; they count as pictures without boxes.
        sizes: number of small, medium and large boxes as COCO defines them.
        without_size: number of boxes that are in none of these, since the size of their picture
            is unknown.
        problems: the pictures whose size is unknown.
    """

    name: str
    classes: tuple[ClassCount, ...]
    boxes: np.ndarray
    per_picture: np.ndarray
    difficult: int
    without_labels: int
    sizes: dict[str, int]
    without_size: int
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """A summary that JSON can hold; it leaves out the single boxes."""
        width, height = self.boxes[:, 2], self.boxes[:, 3]
        has_height = height > 0
        return {
            "pictures": len(self.per_picture),
            "boxes": len(self.boxes),
            "without_objects": int((self.per_picture == 0).sum()),
            "without_labels": self.without_labels,
            "difficult": self.difficult,
            "classes": [vars(item) for item in self.classes],
            "sizes": self.sizes,
            "without_size": self.without_size,
            "boxes_per_picture": _summary(self.per_picture),
            "width": _summary(width),
            "height": _summary(height),
            "width_to_height": _summary(width[has_height] / height[has_height]),
        }

    def lines(self) -> list[str]:
        """The summary as lines of text."""
        found = self.to_dict()
        counts = "{pictures} pictures ({without_objects} without objects, {without_labels} "
        counts += "without labels), {boxes} boxes ({difficult} difficult)"
        lines = [f"{self.name}: {counts.format(**found)}"]
        widest = column_width(item.name for item in self.classes)
        for item in self.classes:
            lines.append(f"  {item.name:{widest}} {item.boxes:8} boxes {item.pictures:8} pictures")
        sizes = [f"{count} {kind}" for kind, count in self.sizes.items()]
        if self.without_size:
            sizes.append(f"{self.without_size} in pictures of unknown size")
        lines.append("  " + ", ".join(sizes))
        for key in ("boxes_per_picture", "width", "height", "width_to_height"):
            texts = (f"{kind} {value:.4g}" for kind, value in found[key].items())
            lines.append(f"  {key.replace('_', ' ')}: {', '.join(texts)}")
        return lines


def compute_statistics(splits: Mapping[str, DataSet]) -> list[Statistics]:
    """The statistics of each split."""
    return [_compute_split(name, data) for name, data in splits.items()]


def _compute_split(name: str, data: DataSet) -> Statistics:
    labels = [Labels.empty() if item.labels is None else item.labels for item in data.examples]
    every = [np.empty((0, 4)), *(found.boxes for found in labels)]
    areas, problems = _measure_boxes(data)
    boxes = np.concatenate(every)
    return Statistics(
        name,
        _count_classes(data.names, labels),
        boxes,
        np.array([len(found) for found in labels], np.int64),
        sum(int(found.difficult.sum()) for found in labels),
        sum(item.labels is None for item in data.examples),
        _count_box_sizes(areas),
        len(boxes) - len(areas),
        tuple(problems),
    )


def _count_classes(names: Sequence[str], labels: list[Labels]) -> tuple[ClassCount, ...]:
    boxes: Counter[int] = Counter()
    pictures: Counter[int] = Counter()
    for found in labels:
        boxes.update(found.class_ids.tolist())
        pictures.update(set(found.class_ids.tolist()))
    return tuple(
        ClassCount(index, name, boxes[index], pictures[index]) for index, name in enumerate(names)
    )


def _measure_boxes(data: DataSet) -> tuple[np.ndarray, list[Problem]]:
    """The areas of the boxes in square pixels, and the pictures whose size is unknown."""
    areas, problems = [np.empty(0)], []
    for item in data.examples:
        if item.labels is None or not len(item.labels):
            continue
        try:
            height, width = item.measure()
        except ImageError as error:
            what = str(error).removeprefix(f"{item.path}: ")
            problems.append(Problem("no size", str(item.path), what))
            continue
        areas.append(item.labels.boxes[:, 2] * item.labels.boxes[:, 3] * (height * width))
    return np.concatenate(areas), problems


def _count_box_sizes(areas: np.ndarray) -> dict[str, int]:
    at_least = [int((areas >= least).sum()) for least in _AREAS.values()]
    ends = [*at_least[1:], 0]
    return {
        kind: count - larger for kind, count, larger in zip(_AREAS, at_least, ends, strict=True)
    }


def _summary(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {}
    found = {key: float(np.percentile(values, part)) for key, part in _QUANTILES.items()}
    return {**found, "mean": float(values.mean())}
