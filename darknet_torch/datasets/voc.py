"""Pascal VOC's form: ImageSets, Annotations, JPEGImages. No torch.

A box in an annotation is its first and last column and row, counted from 1. As Darknet's
voc_label.py has it, its left edge lies at xmin - 1 and its right edge at xmax - 1 (pixels from
0 at the picture's corner): one pixel narrower than the pixels it covers, but it is what every
published Darknet model was trained on, and reading and writing are each other's inverse. Many
tools count from 0, and some converters do as if they did; `origin` is then 0.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from darknet_torch.datasets.model import DataSet, Example, Labels, Problem
from darknet_torch.datasets.pictures import picture_size
from darknet_torch.datasets.reading import given_class_names, labels_of_corners, lines_of
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.sources import PICTURE_SUFFIXES

ORIGIN = 1  # the devkit counts pixels from here
CORNERS = ("xmin", "ymin", "xmax", "ymax")
SPLITS, ANNOTATIONS, PICTURES = Path("ImageSets/Main"), Path("Annotations"), Path("JPEGImages")
NAMES = "classes.names"  # ours: the devkit has no place for the order of the classes
_MEMBERSHIP = ("-1", "0", "1")  # second column of the lists for single classes


def is_voc_root(path: Path) -> bool:
    """Whether `path` is a folder of this form."""
    return (path / SPLITS).is_dir() or (path / ANNOTATIONS).is_dir()


def voc_splits(root: Path) -> list[str]:
    """The names of the lists of pictures, without those for single classes."""
    return [file.stem for file in sorted((root / SPLITS).glob("*.txt")) if not _of_class(file)]


def _of_class(file: Path) -> bool:
    return any(_is_membership(line) for line in lines_of(file)[:1])


def _is_membership(line: str) -> bool:
    words = line.split()
    return len(words) == len(("id", "mark")) and words[1] in _MEMBERSHIP


def read_voc(
    root: Path, split: str, names: tuple[str, ...] = (), *, origin: int = ORIGIN
) -> DataSet:
    """The pictures of a split, with their labels.

    Args:
        names: of the classes; without them those of ``classes.names`` in the root, else all
            that the annotations have, sorted.
        origin: the number of the first column and row.

    Raises:
        UsageError: there is no such split.
    """
    ids = [line.split()[0] if _is_membership(line) else line for line in _ids(root, split)]
    names = names or class_names(root)
    reader = _Reader(root, names, origin)
    examples = tuple(reader.example(name) for name in ids)
    return DataSet(examples, names, f"{root} ({split})", problems=tuple(reader.problems))


def _ids(root: Path, split: str) -> list[str]:
    file = root / SPLITS / f"{split}.txt"
    if not file.is_file():
        raise UsageError(
            f"no split {split!r}",
            where=root,
            expected=f"one of {', '.join(voc_splits(root)) or '(there are none)'}",
            got=f"no {SPLITS / file.name}",
            fix="name one with --split",
        )
    return lines_of(file)


def class_names(root: Path) -> tuple[str, ...]:
    """The names of a root's classes, the same for all its splits."""
    if (root / NAMES).is_file():
        return given_class_names(root / NAMES)
    found: set[str] = set()
    for file in (root / ANNOTATIONS).glob("*.xml"):
        tree = _parsed(file)
        if not isinstance(tree, Problem):
            found.update(_text(item, "name") for item in tree.findall("object"))
    return tuple(sorted(found - {""}))


@dataclass
class _Reader:
    root: Path
    names: tuple[str, ...]
    origin: int
    problems: list[Problem] = field(default_factory=list)

    def example(self, name: str) -> Example:
        file = self.root / ANNOTATIONS / f"{name}.xml"
        tree = _parsed(file) if file.exists() else None
        if isinstance(tree, Problem):
            self.problems.append(tree)
            tree = None
        path = _picture(self.root, name, "" if tree is None else _text(tree, "filename"))
        if tree is None:
            return Example(path, None, label_file=file)
        size = _size(tree)
        labels = self._labels(tree, size or self._measured(path, file), file)
        return Example(path, labels, size, label_file=file)

    def _measured(self, path: Path, file: Path) -> tuple[int, int] | None:
        try:
            return picture_size(path)
        except ImageError as error:
            self._tell("no size", file, f"no size here, and none of {error}")
            return None

    def _labels(
        self, tree: ElementTree.Element, size: tuple[int, int] | None, file: Path
    ) -> Labels | None:
        if size is None:
            return None
        class_ids, corners, difficult = [], [], []
        for class_id, box, hard in self._objects(tree, file):
            class_ids.append(class_id)
            corners.append([value - self.origin for value in box])
            difficult.append(hard)
        return labels_of_corners(class_ids, corners, difficult, size)

    def _objects(
        self, tree: ElementTree.Element, file: Path
    ) -> Iterator[tuple[int, list[float], bool]]:
        for number, item in enumerate(tree.findall("object"), 1):
            name = _text(item, "name")
            if name not in self.names:
                self._tell("unknown class", file, f"object {number} is a {name!r}, no class here")
                continue
            try:
                box = [float(_text(item, f"bndbox/{corner}")) for corner in CORNERS]
            except ValueError:
                box = [np.nan]
            if not np.isfinite(box).all():
                self._tell("bad box", file, f"object {number} ({name}) lacks its four numbers")
                continue
            yield self.names.index(name), box, _text(item, "difficult") == "1"

    def _tell(self, kind: str, file: Path, what: str) -> None:
        self.problems.append(Problem(kind, str(file), what))


def _parsed(file: Path) -> ElementTree.Element | Problem:
    try:
        return ElementTree.parse(file).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        return Problem("unreadable labels", str(file), f"not XML that can be read ({error})")


def _picture(root: Path, name: str, filename: str) -> Path:
    """The picture of an annotation: named as it is, else as it says, else by any suffix."""
    folder = root / PICTURES
    first = folder / f"{name}.jpg"
    said = [folder / Path(filename).name] if filename else []
    others = (folder / f"{name}{suffix}" for suffix in sorted(PICTURE_SUFFIXES))
    return next((path for path in (first, *said, *others) if path.is_file()), first)


def _size(tree: ElementTree.Element) -> tuple[int, int] | None:
    try:
        height, width = (int(float(_text(tree, f"size/{key}"))) for key in ("height", "width"))
    except (ValueError, OverflowError):
        return None
    return (height, width) if height > 0 and width > 0 else None


def _text(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
