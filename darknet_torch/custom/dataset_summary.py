"""The numbers of a data set that determine the network to be trained on it. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.anchors.dataset import count_boxes_per_class
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.classification import is_classification, open_classification
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.errors import UsageError

_Path = str | os.PathLike[str]


@dataclass(frozen=True)
class DatasetSummary:
    """The numbers of a data set that a cfg depends on.

    Attributes:
        classes: the number of class names, 0 if it is unknown.
        pictures: the number of pictures in the training set, 0 if it is unknown.
        counters: the number of boxes of each class; empty if there are no boxes.
        data_set: the labelled pictures without wrong boxes; None for a classifier's data or a
            names file.
        origin: the file that the class names come from, for messages.
    """

    classes: int = 0
    pictures: int = 0
    counters: Sequence[int] = ()
    data_set: DataSet | None = None
    origin: str = ""


def summarize_dataset(
    data: _Path | None,
    *,
    names: _Path | None = None,
    images: _Path | None = None,
    split: str | None = None,
    voc_origin: int = VOC_ORIGIN,
    exif: bool = True,
) -> DatasetSummary:
    """Count the classes, pictures and boxes of a data set, or the names of a names file.

    A .data file with ``labels=`` and a folder of classes are taken as a classifier's data.

    Args:
        data: the data set; None to count the names only.
        names, images, split, voc_origin, exif: as in `open_dataset`.

    Raises:
        UsageError, NamesError: as in `open_dataset` and `open_classification`.
    """
    if data is None:
        return DatasetSummary(classes=len(resolve_class_names(names)), origin=str(names))
    if is_classification(Path(data)):
        pictures = open_classification(data, split=split)
        return DatasetSummary(len(pictures.labels), len(pictures.paths), origin=pictures.origin)
    found = leave_out_wrong_boxes(
        open_dataset(
            data, images=images, split=split, names=names, voc_origin=voc_origin, exif=exif
        )
    )
    return DatasetSummary(
        len(found.names),
        len(found.examples),
        count_boxes_per_class(found),
        found,
        str(names or data),
    )


def resolve_class_count(requested: int | None, summary: DatasetSummary) -> int:
    """Return the number of classes, from --classes or from the data set.

    Args:
        requested: the value of --classes, or None.
        summary: what the data set determines.

    Raises:
        UsageError: neither gives the number, or they disagree.
    """
    if requested and summary.classes and requested != summary.classes:
        raise UsageError(
            "--classes differs from the number of names",
            where=summary.origin,
            expected=f"--classes {summary.classes}, or no --classes",
            got=f"--classes {requested}",
            fix="leave --classes out, or correct the names",
        )
    found = requested or summary.classes
    if not found:
        raise UsageError(
            "the number of classes is unknown",
            expected="--classes N, --names FILE, or --data with names",
        )
    return found
