"""What a data set says of the network to be trained on it. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.anchors.dataset import count_boxes_per_class
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.classification import is_classification, open_classification
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.errors import UsageError

_Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Facts:
    """What is known before training.

    Attributes:
        classes: how many names there are, 0 if that is not known.
        pictures: in the training set, 0 if that is not known.
        counters: boxes of each class; empty if there are no boxes.
        data_set: the labelled pictures, if there are any.
        origin: what said the classes, for messages.
    """

    classes: int = 0
    pictures: int = 0
    counters: Sequence[int] = ()
    data_set: DataSet | None = None
    origin: str = ""


def gather(
    data: _Path | None,
    *,
    names: _Path | None = None,
    images: _Path | None = None,
    split: str | None = None,
    voc_origin: int = VOC_ORIGIN,
) -> Facts:
    """What a data set and a names file say; the arguments are those of `open_dataset`.

    A .data file with ``labels=`` and a folder of classes are a classifier's.

    Raises:
        UsageError, NamesError: as `open_dataset` and `open_classification`.
    """
    if data is None:
        return Facts(classes=len(resolve_class_names(names)), origin=str(names))
    if is_classification(Path(data)):
        pictures = open_classification(data, split=split)
        return Facts(len(pictures.labels), len(pictures.paths), origin=pictures.origin)
    found = open_dataset(data, images=images, split=split, names=names, voc_origin=voc_origin)
    return Facts(
        len(found.names),
        len(found.examples),
        count_boxes_per_class(found),
        found,
        str(names or data),
    )


def agreed_classes(wanted: int | None, facts: Facts) -> int:
    """The number of classes.

    Raises:
        UsageError: nothing says it, or the names say another one than `wanted`.
    """
    if wanted and facts.classes and wanted != facts.classes:
        raise UsageError(
            "--classes is not the number of names",
            where=facts.origin,
            expected=f"--classes {facts.classes}, or none",
            got=f"--classes {wanted}",
            fix="leave --classes out, or correct the names",
        )
    found = wanted or facts.classes
    if not found:
        raise UsageError(
            "nothing says how many classes there are",
            expected="--classes N, --names FILE, or --data with names",
        )
    return found
