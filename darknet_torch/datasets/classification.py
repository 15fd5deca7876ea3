"""Classification data sets: Darknet's lists, or one folder per class. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from darknet_torch.datasets.darknet import DataFile
from darknet_torch.datasets.examples import Problem
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.datasets.voc import is_voc_root
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PICTURE_SUFFIXES
from darknet_torch.text import is_folder, read_paths


@dataclass(frozen=True)
class ClassifiedPictures:
    """Pictures with one class each.

    Attributes:
        paths: the picture files.
        class_ids: the class of each picture, from 0; None if its path matches no label or
            several.
        labels: for each class, the string that Darknet searches for in the path.
        names: the class names for display.
        origin: the path and split that were read, for messages.
        problems: pictures whose path matches no label or several.
        exif: rotate pictures according to their EXIF orientation.
    """

    paths: tuple[Path, ...]
    class_ids: tuple[int | None, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    origin: str
    problems: tuple[Problem, ...] = ()
    exif: bool = True


def open_classification(
    data: str | os.PathLike[str], *, split: str | None = None, exif: bool = True
) -> ClassifiedPictures:
    """Open a classification data set.

    Args:
        data: a .data file with ``labels=`` and picture lists, or a folder that contains one
            folder per class, either directly or inside a folder named after the split.
        split: for a .data file, the key that names the list (default "train"); for a folder,
            the subfolder to read (default "train" if it exists, else the folder itself).
        exif: rotate pictures according to their EXIF orientation.

    Raises:
        UsageError: the path does not exist, or has neither format.
    """
    path = Path(data)
    found = _read_tree(path, split) if is_folder(path) else _read_data(path, split or "train")
    return replace(found, exif=exif)


def is_classification(path: Path) -> bool:
    """Whether the data set at `path` is for a classifier, not for a detector."""
    if is_folder(path):
        return not is_voc_root(path)
    return path.suffix.lower() != ".json" and "labels" in DataFile.read(path).keys


def classes_in_path(path: str, labels: Sequence[str]) -> list[int]:
    """The classes whose labels occur in `path`; a valid picture has exactly one.

    Source: data.c fill_truth.
    """
    return [index for index, label in enumerate(labels) if label in path]


def _read_data(path: Path, split: str) -> ClassifiedPictures:
    file = DataFile.read(path)
    if "labels" not in file.keys:
        raise UsageError(
            "has no labels=",
            where=path,
            expected="labels=FILE, a list of strings that occur in the picture paths",
        )
    labels = tuple(read_paths(file.keys["labels"].path()))
    names = file.names() or resolve_class_names(labels)
    pictures = file.pictures(split)
    ids: list[int | None] = []
    problems = []
    for picture in pictures:
        found = classes_in_path(picture, labels)
        ids.append(found[0] if len(found) == 1 else None)
        if len(found) != 1:
            several = ", ".join(labels[index] for index in found)
            what = (
                f"several labels occur in its path: {several}"
                if found
                else "no label occurs in its path"
            )
            problems.append(Problem("several labels" if found else "no label", picture, what))
    paths = tuple(Path(picture) for picture in pictures)
    return ClassifiedPictures(
        paths, tuple(ids), labels, names, f"{path} ({split})", tuple(problems)
    )


def _read_tree(root: Path, split: str | None) -> ClassifiedPictures:
    """Read one class per folder, sorted by name, with pictures at any depth."""
    folder = root / (split or "train")
    if not is_folder(folder):
        if split:
            raise UsageError("no such split", where=root, expected=f"a folder {split} in it")
        folder = root
    classes = sorted(path for path in folder.iterdir() if is_folder(path))
    found = [(path, index) for index, place in enumerate(classes) for path in _pictures(place)]
    if not found:
        raise UsageError(
            "no classes", where=folder, expected="a folder for each class, with pictures in it"
        )
    names = tuple(place.name for place in classes)
    paths, ids = zip(*found, strict=True)
    return ClassifiedPictures(paths, ids, names, names, str(folder))


def _pictures(folder: Path) -> list[Path]:
    files = folder.rglob("*")
    return sorted(path for path in files if path.suffix.lower() in PICTURE_SUFFIXES)
