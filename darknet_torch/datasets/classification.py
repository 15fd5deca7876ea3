"""Pictures with one class each: Darknet's lists, and trees of folders. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.data_file import resolve
from darknet_torch.datasets.darknet import DataFile
from darknet_torch.datasets.examples import Problem
from darknet_torch.datasets.reading import read_lines, resolve_class_names
from darknet_torch.datasets.voc import is_voc_root
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PICTURE_SUFFIXES


@dataclass(frozen=True)
class ClassifiedPictures:
    """Pictures and their classes.

    Attributes:
        paths: of the pictures.
        class_ids: of each, from 0; None where no single class is known.
        labels: what Darknet looks for in a path, of each class.
        names: of the classes, for people.
        origin: what was read, for messages.
        problems: the pictures of no class, or of several.
    """

    paths: tuple[Path, ...]
    class_ids: tuple[int | None, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    origin: str
    problems: tuple[Problem, ...] = ()


def open_classification(
    data: str | os.PathLike[str], *, split: str | None = None
) -> ClassifiedPictures:
    """Pictures with one class each.

    Args:
        data: a .data file with ``labels=`` and lists, or a folder with a folder for each
            class, itself or under the name of the split.
        split: of a .data file the key of the list, without it "train"; of a folder the one
            inside it to take, without it "train" if there is one.

    Raises:
        UsageError: it is not there, or in neither form.
    """
    path = Path(data)
    return _read_tree(path, split) if path.is_dir() else _read_data(path, split or "train")


def is_classification(path: Path) -> bool:
    """Whether there is a classifier's data set at `path`, not a detector's."""
    if path.is_dir():
        return not is_voc_root(path)
    return path.suffix.lower() != ".json" and "labels" in DataFile.read(path).keys


def classes_in_path(path: str, labels: Sequence[str]) -> list[int]:
    """The classes whose labels occur in a path; one, if all is well.

    Source: data.c fill_truth.
    """
    return [index for index, label in enumerate(labels) if label in path]


def _read_data(path: Path, split: str) -> ClassifiedPictures:
    file = DataFile.read(path)
    if "labels" not in file.keys:
        raise UsageError(
            "has no labels=", where=path, expected="labels=FILE, of strings that occur in paths"
        )
    labels = tuple(read_lines(resolve(path, file.keys["labels"])))
    names = file.names() or resolve_class_names(labels)
    pictures = file.pictures(split)
    ids: list[int | None] = []
    problems = []
    for picture in pictures:
        found = classes_in_path(picture, labels)
        ids.append(found[0] if len(found) == 1 else None)
        if len(found) != 1:
            several = ", ".join(labels[index] for index in found)
            what = f"several labels occur in its path: {several}" if found else "no label does"
            problems.append(Problem("several labels" if found else "no label", picture, what))
    paths = tuple(Path(picture) for picture in pictures)
    return ClassifiedPictures(
        paths, tuple(ids), labels, names, f"{path} ({split})", tuple(problems)
    )


def _read_tree(root: Path, split: str | None) -> ClassifiedPictures:
    """Classes are the folders, sorted by name; pictures lie at any depth in them."""
    folder = root / (split or "train")
    if not folder.is_dir():
        if split:
            raise UsageError("no such split", where=root, expected=f"a folder {split} in it")
        folder = root
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
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
