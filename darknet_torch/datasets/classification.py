"""Classification data sets: Darknet's lists, or one folder per class. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from darknet_torch.cfg.class_lists import read_class_list
from darknet_torch.datasets.darknet import DataFile
from darknet_torch.datasets.examples import Problem
from darknet_torch.datasets.folder_tree import FolderTree, is_skipped
from darknet_torch.datasets.forms import find_form
from darknet_torch.datasets.forms.darknet_data import DarknetData
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.datasets.split_names import split_word
from darknet_torch.datasets.unrecognised import inner_data_sets, unrecognised
from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.media.sources import PICTURE_SUFFIXES
from darknet_torch.reading import listed_paths
from darknet_torch.text import is_folder

_LABELS = "a list of strings that occur in the picture paths"
_SHOWN = 20  # classes that a note lists


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
        problems: pictures whose path matches no label or several, and folders that cannot be
            listed.
        exif: rotate pictures according to their EXIF orientation.
        folder: the folder with a folder per class; None for a .data file.
    """

    paths: tuple[Path, ...]
    class_ids: tuple[int | None, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...]
    origin: str
    problems: tuple[Problem, ...] = ()
    exif: bool = True
    folder: Path | None = None

    def warn_of_folders(self) -> None:
        """Say which folders became classes.

        Warns:
            CfgNote: the data set is a folder of folders.
        """
        if self.folder is not None:
            listed = ", ".join(self.names[:_SHOWN])
            more = f", ... ({len(self.names) - _SHOWN} more)" if len(self.names) > _SHOWN else ""
            what = f"classes: {listed}{more} ({len(self.names)} folders of {self.folder})"
            warn(what, category=CfgNote)


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
    """Whether the data set at `path` is for a classifier, not for a detector.

    That is a .data file with ``labels=``, or a folder that holds several folders with pictures,
    directly or in folders called after splits, where no form of a detector's data is recognised,
    neither in the folder nor in one of those.

    Raises:
        UsageError: the path does not exist, is no data set of either kind, or several data sets
            of a form are there.
    """
    found = find_form(path)
    if found is None:
        if is_folder(path) and _has_classes(path):
            return True
        raise unrecognised(path)
    form, file = found
    if is_folder(path):
        return False
    return isinstance(form, DarknetData) and "labels" in DataFile.read(file).keys


def _has_classes(path: Path) -> bool:
    places = (picture.relative_to(path).parts[:-1] for picture in FolderTree.scan(path).pictures())
    classes = {_class_folder(parts) for parts in places} - {None}
    return len(classes) > 1 and inner_data_sets(path) == []


def _class_folder(parts: tuple[str, ...]) -> str | None:
    """The folder that a picture's class is called after; None if it is in none."""
    inside = parts[1:] if parts and split_word(parts[0]) else parts
    return inside[0] if inside else None


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
            expected=f"labels=FILE, {_LABELS}",
        )
    path_of_labels = file.keys["labels"].path()
    labels = tuple(read_class_list(path_of_labels, listed_paths, expected=_LABELS))
    if not labels:
        raise UsageError("no labels", where=path_of_labels, expected=_LABELS)
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
    """Read one class per folder, sorted by name, with pictures at any depth.

    Hidden folders and files are skipped, as are those that systems leave behind.
    """
    folder = root / (split or "train")
    if not is_folder(folder):
        if split:
            raise UsageError("no such split", where=root, expected=f"a folder {split} in it")
        folder = root
    classes, problems = _list_class_folders(folder)
    found: list[tuple[Path, int]] = []
    for index, place in enumerate(classes):
        found += [(path, index) for path in _find_pictures(place, problems)]
    if not found:
        unread = "; ".join(str(problem) for problem in problems)
        raise UsageError(
            "no classes",
            where=folder,
            expected="a folder for each class, with pictures in it",
            got=unread or f"{len(classes)} folders without a picture",
        )
    names = tuple(place.name for place in classes)
    paths, ids = zip(*found, strict=True)
    return ClassifiedPictures(
        paths, ids, names, names, str(folder), tuple(problems), folder=folder
    )


def _list_class_folders(folder: Path) -> tuple[list[Path], list[Problem]]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not is_skipped(entry.name)]
    except OSError as error:
        return [], [_unreadable(folder, error)]
    places = [folder / name for name in sorted(names)]
    return [place for place in places if is_folder(place)], []


def _find_pictures(folder: Path, problems: list[Problem]) -> list[Path]:
    """The pictures of a class, sorted; folders that cannot be listed are added to `problems`."""
    found: list[Path] = []

    def on_error(error: OSError) -> None:
        problems.append(_unreadable(Path(error.filename), error))

    for place, folders, files in os.walk(folder, onerror=on_error):
        folders[:] = [name for name in folders if not is_skipped(name)]
        paths = (Path(place, name) for name in files if not is_skipped(name))
        found += [path for path in paths if path.suffix.lower() in PICTURE_SUFFIXES]
    return sorted(found)


def _unreadable(folder: Path, error: OSError) -> Problem:
    what = f"the folder cannot be listed ({error.strerror}); its pictures are left out"
    return Problem("unreadable folder", str(folder), what)
