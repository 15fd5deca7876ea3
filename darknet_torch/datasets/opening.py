"""Opens a data set by its path, in any format. No torch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms import find_form
from darknet_torch.datasets.forms.base import Form, ReadOptions
from darknet_torch.datasets.forms.darknet_data import DarknetData
from darknet_torch.datasets.picture_folders import check_picture_folder
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.datasets.split_names import choose_split, same_split
from darknet_torch.datasets.unrecognised import unrecognised
from darknet_torch.errors import UsageError
from darknet_torch.text import is_folder

_Path = str | os.PathLike[str]


def dataset_format(data: _Path) -> str:
    """The `Form.key` of a data set, such as "darknet", "coco", "voc" or "yolo".

    Raises:
        UsageError: the path does not exist, or is in none of the forms.
    """
    return recognise(data)[0].key


def recognise(data: _Path) -> tuple[Form, Path]:
    """The form of a data set, and its file or folder, which may lie in the folder that is given.

    Raises:
        UsageError: the path does not exist, is in none of the forms, or several data sets of one
            form are there.
    """
    path = Path(data)
    found = find_form(path)
    if found is None:
        raise unrecognised(path)
    return found


def data_file(data: _Path) -> Path | None:
    """The .data file at a path, or the only one in a folder; None if the data has another form."""
    with suppress(UsageError):
        form, found = recognise(data)
        return found if isinstance(form, DarknetData) else None
    return None


def list_splits(data: _Path) -> list[str]:
    """The names of the splits of a data set, as `open_dataset` accepts them.

    A COCO file is one split, named after the file: instances_train2017.json is "train".

    Raises:
        UsageError: the data set does not exist, or lists no pictures.
    """
    form, path = recognise(data)
    return form.splits(path)


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
        data: the data set, in one of the forms of `forms.FORMS`.
        images: COCO and CSV only: the folder that the names of pictures are relative to; by
            default the folder of the file, or one near it.
        split: the split, such as the key of a .data file that names the list, or the list in a
            VOC root's ImageSets/Main; by default the only split, or "train". "val", "valid" and
            "validation" mean the same split; "train" of a data set without splits is all of it.
            Ignored for a file that is one split: COCO's, a CSV file, a list of pictures.
        names: the class names or a file of them, instead of those of the data set.
        voc_origin: XML only: the number of the first pixel column and row, 1 or 0.
        exif: the boxes are of pictures rotated according to their EXIF orientation; False if
            they are of the stored pixels.

    Raises:
        UsageError: the data set or `images` does not exist, or it has no known form, or no such
            split.
        NamesError: the class names cannot be read.
    """
    given = resolve_class_names(names)
    form, path = recognise(data)
    folder = None if images is None else Path(images)
    if folder is not None:
        check_picture_folder(folder)
    options = ReadOptions(folder, given, voc_origin, exif)
    available = form.splits(path)
    chosen = available[0] if is_one_split(form, path) else choose_split(split, available)
    return form.read(path, chosen, options)


def is_one_split(form: Form, path: Path) -> bool:
    """Whether a data set is a file that is one split, whatever the split is called."""
    return form.is_one_split and not is_folder(path)


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
        form, place = recognise(path)
        chosen = form.splits(place)
        if splits and not is_one_split(form, place):
            chosen = [same_split(split, chosen) for split in splits]
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
    check_same_classes(found)
    return found


def check_same_classes(splits: Mapping[str, DataSet]) -> None:
    """Check that all splits of a data set have the same classes.

    Raises:
        UsageError: they differ.
    """
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
