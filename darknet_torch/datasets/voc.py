"""Pascal VOC's form: ImageSets, Annotations, JPEGImages. No torch.

The corners of an annotation are taken as they are written, as distances from the picture's
corner: so Darknet's ``map`` gives the recorded numbers on annotated pictures, which it does not
when a pixel is taken off first, as voc_label.py does.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from darknet_torch.datasets.model import DataSet, Example, Labels, Problem
from darknet_torch.datasets.pictures import picture_size
from darknet_torch.datasets.reading import given_class_names, labels_of_corners, lines_of
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.sources import PICTURE_SUFFIXES

ORIGIN = 0  # what xmin is at the picture's corner
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


def read_voc(root: Path, split: str, names: tuple[str, ...] = ()) -> DataSet:
    """The pictures of a split, with their labels.

    Args:
        names: of the classes; without them those of ``classes.names`` in the root, else all
            that the annotations have, sorted.

    Raises:
        UsageError: there is no such split.
    """
    ids = [line.split()[0] if _is_membership(line) else line for line in _ids(root, split)]
    names = names or class_names(root)
    problems: list[Problem] = []
    examples = tuple(_example(root, name, names, problems) for name in ids)
    return DataSet(examples, names, f"{root} ({split})", problems=tuple(problems))


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


def _example(root: Path, name: str, names: tuple[str, ...], problems: list[Problem]) -> Example:
    file = root / ANNOTATIONS / f"{name}.xml"
    tree = _parsed(file) if file.exists() else None
    if isinstance(tree, Problem):
        problems.append(tree)
        tree = None
    path = _picture(root, name, "" if tree is None else _text(tree, "filename"))
    if tree is None:
        return Example(path, None, label_file=file)
    size = _size(tree)
    labels = _labels(tree, size or _measured(path, file, problems), file, names, problems)
    return Example(path, labels, size, label_file=file)


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


def _measured(path: Path, file: Path, problems: list[Problem]) -> tuple[int, int] | None:
    try:
        return picture_size(path)
    except ImageError as error:
        problems.append(Problem("no size", str(file), f"no size here, and none of {error}"))
        return None


def _labels(
    tree: ElementTree.Element,
    size: tuple[int, int] | None,
    file: Path,
    names: tuple[str, ...],
    problems: list[Problem],
) -> Labels | None:
    if size is None:
        return None
    class_ids, corners, difficult = [], [], []
    for class_id, box, hard in _objects(tree, file, names, problems):
        class_ids.append(class_id)
        corners.append([value - ORIGIN for value in box])
        difficult.append(hard)
    return labels_of_corners(class_ids, corners, difficult, size)


def _objects(
    tree: ElementTree.Element, file: Path, names: tuple[str, ...], problems: list[Problem]
) -> Iterator[tuple[int, list[float], bool]]:
    for number, item in enumerate(tree.findall("object"), 1):
        name = _text(item, "name")
        if name not in names:
            what = f"object {number} is a {name!r}, which is no class"
            problems.append(Problem("unknown class", str(file), what))
            continue
        try:
            box = [float(_text(item, f"bndbox/{corner}")) for corner in CORNERS]
        except ValueError:
            box = [np.nan]
        if not np.isfinite(box).all():
            what = f"object {number} ({name}) has no box of four numbers"
            problems.append(Problem("bad box", str(file), what))
            continue
        yield names.index(name), box, _text(item, "difficult") == "1"


def _text(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
