"""Finds the label files of pictures, wherever labelling programs put them. No torch."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from darknet_torch.text import is_folder

TXT_FOLDERS = frozenset(("labels", "label", "annotations", "txt", "yolo"))
XML_FOLDERS = frozenset(("annotations", "annotation", "labels", "label", "xml", "xmls"))
_LEVELS = 3  # folders above a picture outside of the data set's folder


class LabelFinder:
    """Finds label files by the name of the picture; each folder is listed once.

    A label file is next to its picture, or in a folder called labels or the like: next to the
    pictures (``a/labels/1.txt`` of ``a/1.jpg``), or in place of a folder above them
    (``labels/train/1.txt`` of ``images/train/1.jpg``).

    Args:
        suffix: the suffix of label files in lower case; they may have it in upper case.
        folders: the names of the folders in lower case.
        root: the folder of the data set; folders above it are not searched.
    """

    def __init__(self, suffix: str, folders: Collection[str], root: Path) -> None:
        self._suffixes, self._folders, self._root = (suffix, suffix.upper()), folders, root
        self._names, self._label_folders = cache(_list_names), cache(self._find_label_folders)

    def find(self, picture: Path) -> Path | None:
        """The label file of a picture, or None."""
        for folder in self._places(picture.parent):
            names = self._names(folder)
            for suffix in self._suffixes:
                if picture.stem + suffix in names:
                    return folder / (picture.stem + suffix)
        return None

    def _places(self, folder: Path) -> Iterator[Path]:
        yield folder
        above = [folder, *folder.parents]
        last = above.index(self._root) if self._root in above else min(_LEVELS, len(above) - 1)
        for place in above[: last + 1]:
            inside = folder.relative_to(place).parts
            for labels in self._label_folders(place):
                yield labels.joinpath(*inside)
                if inside:
                    yield labels.joinpath(*inside[1:])

    def _find_label_folders(self, place: Path) -> list[Path]:
        found = sorted(name for name in self._names(place) if name.lower() in self._folders)
        return [place / name for name in found if is_folder(place / name)]


def _list_names(folder: Path) -> frozenset[str]:
    """The names in a folder; none if it does not exist or cannot be listed."""
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 (faster, for many pictures)
    except (OSError, ValueError):
        return frozenset()
