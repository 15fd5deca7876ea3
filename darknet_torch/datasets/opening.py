"""Data sets by their path, whatever form they are in. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from darknet_torch.datasets.coco import read_coco
from darknet_torch.datasets.darknet import DataFile, read_darknet
from darknet_torch.datasets.model import DataSet
from darknet_torch.datasets.reading import given_class_names
from darknet_torch.datasets.voc import is_voc_root, read_voc, voc_splits
from darknet_torch.errors import UsageError

_Path = str | os.PathLike[str]
# Two names for the same thing: Darknet says valid, VOC says val.
_OTHER_NAME = {"valid": "val", "val": "valid"}
_DEFAULT = "train"
FORMS = ("darknet", "coco", "voc")


def form_of(data: _Path) -> str:
    """Which of `FORMS` a data set is in.

    Raises:
        UsageError: it is not there, or in none.
    """
    path = Path(data)
    if path.is_dir() and is_voc_root(path):
        return "voc"
    if path.is_dir() or not path.exists():
        raise UsageError(
            "no data set" if path.is_dir() else "no such data set",
            where=path,
            expected="a .data file, a COCO .json with --images DIR, or a VOC root with "
            "ImageSets/Main",
        )
    return "coco" if path.suffix.lower() == ".json" else "darknet"


def splits_of(data: _Path) -> list[str]:
    """The splits that a data set has, as `open_dataset` takes them.

    A COCO file is one, named after the file.

    Raises:
        UsageError: it is not there, or has none.
    """
    path, form = Path(data), form_of(data)
    if form == "coco":
        return [path.stem.removeprefix("instances_")]
    found = voc_splits(path) if form == "voc" else DataFile.read(path).splits
    if not found:
        expected = "ImageSets/Main/train.txt" if form == "voc" else "train=FILE"
        raise UsageError("no lists of pictures", where=path, expected=expected)
    return found


def open_dataset(
    data: _Path,
    *,
    images: _Path | None = None,
    split: str | None = None,
    names: Sequence[str] | _Path | None = None,
) -> DataSet:
    """The data set at a path.

    Args:
        data: a .data file, a COCO JSON, or a VOC root.
        images: of a COCO file: the folder its file names are relative to; else its own.
        split: of a .data file the key that names the list; of a VOC root the list in
            ImageSets/Main; without it "train", or the only one. "val" and "valid" mean
            the same. A COCO file is one split.
        names: of the classes, or a file of them, instead of those of the data set.

    Raises:
        UsageError: it is not there, in no known form, or has no such split.
        NamesError: the names cannot be read.
    """
    path, form, given = Path(data), form_of(data), given_class_names(names)
    if form == "coco":
        return read_coco(path, None if images is None else Path(images), given)
    chosen = _chosen(splits_of(path), split)
    read = read_voc if form == "voc" else read_darknet
    return read(path, chosen, given)


def _chosen(there: list[str], split: str | None) -> str:
    """The split meant, under the name that it has in the data set."""
    if split is None:
        return there[0] if len(there) == 1 else _DEFAULT
    other = _OTHER_NAME.get(split, split)
    return other if split not in there and other in there else split
