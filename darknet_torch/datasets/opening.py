"""Opens a data set by its path, in any format. No torch."""

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
from darknet_torch.text import backslash_fix, is_folder, path_exists, refusal

_Path = str | os.PathLike[str]
# Darknet calls the validation split valid, VOC calls it val.
_OTHER_NAME = {"valid": "val", "val": "valid"}
_DEFAULT = "train"
_YEAR = re.compile(r"(?<=[a-z])20\d\d$")


def dataset_format(data: _Path) -> str:
    """The format of a data set, one of `formats.DATASET_FORMATS`.

    Raises:
        UsageError: the path does not exist, or is in none of the formats.
    """
    path = Path(data)
    if is_folder(path) and is_voc_root(path):
        return "voc"
    if is_folder(path) or not path_exists(path):
        raise UsageError(
            "no data set" if is_folder(path) else refusal(path) or "no such data set",
            where=path,
            expected="a .data file, a COCO .json with --images DIR, or a VOC root with "
            "ImageSets/Main",
            fix=backslash_fix(path),
        )
    return "coco" if path.suffix.lower() == ".json" else "darknet"


def list_splits(data: _Path) -> list[str]:
    """The names of the splits of a data set, as `open_dataset` accepts them.

    A COCO file is one split, named after the file: instances_train2017.json is "train".

    Raises:
        UsageError: the data set does not exist, or lists no pictures.
    """
    path, data_format = Path(data), dataset_format(data)
    if data_format == "coco":
        return [_YEAR.sub("", path.stem.removeprefix("instances_"))]
    found = voc_splits(path) if data_format == "voc" else DataFile.read(path).splits
    if not found:
        expected = "ImageSets/Main/train.txt" if data_format == "voc" else "train=FILE"
        raise UsageError("no lists of pictures", where=path, expected=expected)
    return found


def open_dataset(
    data: _Path,
    *,
    images: _Path | None = None,
    split: str | None = None,
    names: Sequence[str] | _Path | None = None,
    voc_origin: int = VOC_ORIGIN,
    exif: bool = True,
) -> DataSet:
    """Open one split of the data set at a path.

    Args:
        data: a .data file, a COCO JSON file, or a VOC root.
        images: COCO only: the folder that its file names are relative to; by default the
            folder of the JSON file.
        split: the key of a .data file that names the list, or the list in a VOC root's
            ImageSets/Main; by default the only split, or "train". "val" and "valid" mean the
            same split. Ignored for a COCO file, which is one split.
        names: the class names or a file of them, instead of those of the data set.
        voc_origin: VOC only: the number of the first pixel column and row, 1 or 0.
        exif: the boxes are of pictures rotated according to their EXIF orientation; False if
            they are of the stored pixels.

    Raises:
        UsageError: the data set does not exist, has no known format, or no such split.
        NamesError: the class names cannot be read.
    """
    path, data_format, given = Path(data), dataset_format(data), resolve_class_names(names)
    if data_format == "coco":
        return read_coco(path, None if images is None else Path(images), given, exif=exif)
    chosen = _choose_split(list_splits(path), split)
    if data_format == "voc":
        return read_voc(path, chosen, given, origin=voc_origin, exif=exif)
    return read_darknet(path, chosen, given, exif=exif)


def _choose_split(available: list[str], split: str | None) -> str:
    """The name in `available` of the split that was asked for."""
    if split is None:
        return available[0] if len(available) == 1 else _DEFAULT
    other = _OTHER_NAME.get(split, split)
    return other if split not in available and other in available else split


def open_splits(
    data: Sequence[_Path],
    *,
    images: Sequence[_Path] = (),
    splits: Sequence[str] = (),
    names: Sequence[str] | _Path | None = None,
    voc_origin: int = VOC_ORIGIN,
    exif: bool = True,
) -> dict[str, DataSet]:
    """Open several splits of one data set; all must have the same classes.

    Args:
        data: one path or several; see `open_dataset`. Several COCO files are several splits.
        images: COCO only: one folder for all files, or one for each of `data`.
        splits: the splits to read from each of `data`; by default all.
        names: see `open_dataset`.
        voc_origin: see `open_dataset`.
        exif: see `open_dataset`.

    Returns:
        The splits by name.

    Raises:
        UsageError: as `open_dataset`; also if two splits have the same name or different
            classes.
    """
    folders: list[_Path | None] = [*images] or [None]
    folders *= len(data) if len(folders) == 1 else 1
    if len(folders) != len(data):
        raise UsageError(
            "the number of picture folders does not match",
            expected=f"1, or {len(data)}: one for each --data",
            got=len(folders),
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
                path,
                images=folder,
                split=split,
                names=names,
                voc_origin=voc_origin,
                exif=exif,
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
                fix="list the classes in their order with --names",
            )
