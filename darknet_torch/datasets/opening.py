"""Data sets by their path, whatever form they are in. No torch."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.coco import read_coco
from darknet_torch.datasets.darknet import DataFile, read_darknet
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.datasets.voc import is_voc_root, read_voc, voc_splits
from darknet_torch.errors import UsageError

_Path = str | os.PathLike[str]
# Two names for the same thing: Darknet says valid, VOC says val.
_OTHER_NAME = {"valid": "val", "val": "valid"}
_DEFAULT = "train"
_YEAR = re.compile(r"(?<=[a-z])20\d\d$")


def dataset_format(data: _Path) -> str:
    """Which of `forms.DATASET_FORMATS` a data set is in.

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


def list_splits(data: _Path) -> list[str]:
    """The splits that a data set has, as `open_dataset` takes them.

    A COCO file is one, named after the file: instances_train2017.json is "train".

    Raises:
        UsageError: it is not there, or has none.
    """
    path, form = Path(data), dataset_format(data)
    if form == "coco":
        return [_YEAR.sub("", path.stem.removeprefix("instances_"))]
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
    voc_origin: int = VOC_ORIGIN,
) -> DataSet:
    """The data set at a path.

    Args:
        data: a .data file, a COCO JSON, or a VOC root.
        images: of a COCO file: the folder its file names are relative to; else its own.
        split: of a .data file the key that names the list; of a VOC root the list in
            ImageSets/Main; without it "train", or the only one. "val" and "valid" mean
            the same. A COCO file is one split.
        names: of the classes, or a file of them, instead of those of the data set.
        voc_origin: of a VOC root: the number of the first column and row, 1 or 0.

    Raises:
        UsageError: it is not there, in no known form, or has no such split.
        NamesError: the names cannot be read.
    """
    path, form, given = Path(data), dataset_format(data), resolve_class_names(names)
    if form == "coco":
        return read_coco(path, None if images is None else Path(images), given)
    chosen = _chosen(list_splits(path), split)
    if form == "voc":
        return read_voc(path, chosen, given, origin=voc_origin)
    return read_darknet(path, chosen, given)


def _chosen(there: list[str], split: str | None) -> str:
    """The split meant, under the name that it has in the data set."""
    if split is None:
        return there[0] if len(there) == 1 else _DEFAULT
    other = _OTHER_NAME.get(split, split)
    return other if split not in there and other in there else split


def open_splits(
    data: Sequence[_Path],
    *,
    images: Sequence[_Path] = (),
    splits: Sequence[str] = (),
    names: Sequence[str] | _Path | None = None,
    voc_origin: int = VOC_ORIGIN,
) -> dict[str, DataSet]:
    """Several splits of one data set, by their names, all with the same classes.

    Args:
        data: where they are; see `open_dataset`. Several COCO files are several splits.
        images: of COCO files: one folder for all, or one for each of `data`.
        splits: which to read of each of `data`; without them all.

    Raises:
        UsageError: see `open_dataset`; also if two splits have the same name, or different
            classes.
    """
    folders: list[_Path | None] = [*images] or [None]
    folders *= len(data) if len(folders) == 1 else 1
    if len(folders) != len(data):
        raise UsageError(
            "folders of pictures", expected=f"one, or {len(data)} as of --data", got=len(folders)
        )
    found: dict[str, DataSet] = {}
    for path, folder in zip(data, folders, strict=True):
        chosen = (
            list_splits(path) if dataset_format(path) == "coco" else splits or list_splits(path)
        )
        for split in chosen:
            if split in found:
                raise UsageError(f"two splits are called {split!r}", where=path)
            found[split] = open_dataset(
                path, images=folder, split=split, names=names, voc_origin=voc_origin
            )
    _check_classes(found)
    return found


def _check_classes(splits: dict[str, DataSet]) -> None:
    first, *others = splits.values()
    for other in others:
        if other.names != first.names:
            raise UsageError(
                "the splits have different classes",
                where=other.origin,
                expected=f"those of {first.origin}: {', '.join(first.names)}",
                got=", ".join(other.names),
                fix="say which and in what order with --names",
            )
