"""Reads the Pascal VOC format: ImageSets, Annotations, JPEGImages. No torch.

The corners of an annotation are read as the edges of the box, in pixels from 0 at the picture's
top left corner, as today's labelling tools write them. Pascal VOC's own annotations count from
1, and Darknet's voc_label.py subtracts 1 from them: use `origin` 1 for these. Reading and
writing are inverse to each other.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PureWindowsPath

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem
from darknet_torch.datasets.picture_files import PictureFinder
from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.datasets.reading import (
    FARTHEST,
    first_places,
    in_one_line,
    labels_from_corners,
    resolve_class_names,
)
from darknet_torch.datasets.xml_file import read_xml
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.reading import read_paths
from darknet_torch.text import is_file, is_folder, path_exists

CORNERS = ("xmin", "ymin", "xmax", "ymax")
SPLITS, ANNOTATIONS, PICTURES = Path("ImageSets/Main"), Path("Annotations"), Path("JPEGImages")
NAMES = "classes.names"  # our addition: the devkit has no file for the order of the classes
_ALL = "all"
_ROOT = "annotation"
_MEMBERSHIP = ("-1", "0", "1")  # second column of a single class's list


def is_voc_root(path: Path) -> bool:
    """Whether `path` is the root folder of a VOC data set."""
    return is_folder(path / SPLITS) or is_folder(path / ANNOTATIONS)


def voc_splits(root: Path) -> list[str]:
    """The names of the picture lists, without the lists of single classes.

    A root without lists has one split, "all", with all its annotations.
    """
    if not is_folder(root / SPLITS):
        return [_ALL]
    lists = sorted((root / SPLITS).glob("*.txt"))
    return [file.stem for file in lists if not _is_single_class_list(root, file)]


def _is_single_class_list(root: Path, file: Path) -> bool:
    return any(_picture_id(root, line) != line for line in read_paths(file)[:1])


def _picture_id(root: Path, line: str) -> str:
    """The picture id in a line: the whole line, or the first word in a single class's list."""
    words = line.split()
    is_marked = len(words) == len(("id", "mark")) and words[1] in _MEMBERSHIP
    return words[0] if is_marked and not path_exists(_annotation_path(root, line)) else line


def _annotation_path(root: Path, name: str) -> Path:
    return root / ANNOTATIONS / f"{name}.xml"


def read_voc(
    root: Path,
    split: str,
    names: tuple[str, ...] = (),
    *,
    origin: int = VOC_ORIGIN,
    exif: bool = True,
) -> DataSet:
    """Read the pictures of a split with their labels.

    Args:
        root: the root folder.
        split: the list in ImageSets/Main, without its suffix.
        names: the class names; by default those of ``classes.names`` in the root, else all
            class names in the annotations, sorted.
        origin: the number of the first pixel column and row, 0 or 1.
        exif: see `Example`.

    Raises:
        UsageError: there is no such split.
    """
    ids = [_picture_id(root, line) for line in _read_list(root, split)]
    names = names or class_names(root)
    reader = AnnotationReader(root, names, origin, exif)
    examples = tuple(reader.example(name) for name in ids)
    return DataSet(examples, names, f"{root} ({split})", problems=tuple(reader.problems))


def _read_list(root: Path, split: str) -> list[str]:
    if split == _ALL and voc_splits(root) == [_ALL]:
        return sorted(file.stem for file in (root / ANNOTATIONS).glob("*.xml"))
    file = root / SPLITS / f"{split}.txt"
    if not is_file(file):
        splits = ", ".join(voc_splits(root))
        raise UsageError(
            f"no split {split!r}",
            where=root,
            expected=f"one of {splits}" if splits else f"a list in {SPLITS}",
            got=f"no {SPLITS / file.name}",
            fix="choose a split with --split",
        )
    return read_paths(file)


def class_names(root: Path) -> tuple[str, ...]:
    """The class names of a root, which are the same for all its splits."""
    if is_file(root / NAMES):
        return resolve_class_names(root / NAMES)
    return annotated_classes((root / ANNOTATIONS).glob("*.xml"))


def is_annotation(file: Path) -> bool:
    """Whether a file is an annotation in VOC's XML."""
    return not isinstance(_parse(file), Problem)


def annotated_classes(files: Iterable[Path]) -> tuple[str, ...]:
    """The class names in annotations, sorted."""
    found: set[str] = set()
    for file in files:
        tree = _parse(file)
        if not isinstance(tree, Problem):
            found.update(_text(item, "name") for item in tree.findall("object"))
    return tuple(sorted(found - {""}))


@dataclass
class AnnotationReader:
    """Reads annotations in VOC's XML.

    Attributes:
        root: the folder of the data set.
        names: the class names.
        origin: the number of the first pixel column and row, 0 or 1.
        exif: see `Example`.
        problems: what was found to be wrong.
    """

    root: Path
    names: tuple[str, ...]
    origin: int
    exif: bool
    problems: list[Problem] = field(default_factory=list)
    _pictures: PictureFinder = field(default_factory=PictureFinder)

    @cached_property
    def _class_ids(self) -> dict[str, int]:
        return first_places(self.names)

    def example(self, name: str) -> Example:
        """The picture and labels of an id in a list of ImageSets."""
        file = _annotation_path(self.root, name)
        tree = self._tree(file)
        path = self._find_picture(name, file, "" if tree is None else _text(tree, "filename"))
        return self._example(path, file, tree)

    def read(self, picture: Path, file: Path) -> Example:
        """A picture with the annotation in `file`, which may be missing."""
        return self._example(picture, file, self._tree(file))

    def _tree(self, file: Path) -> ElementTree.Element | None:
        tree = _parse(file) if path_exists(file) else None
        if isinstance(tree, Problem):
            self.problems.append(tree)
            return None
        return tree

    def _example(self, path: Path, file: Path, tree: ElementTree.Element | None) -> Example:
        if tree is None:
            return Example(path, None, label_file=file, exif=self.exif)
        size = _size(tree)
        labels = self._labels(tree, size or self._measure_picture(path, file), file)
        return Example(path, labels, size, label_file=file, exif=self.exif)

    def _find_picture(self, name: str, file: Path, filename: str) -> Path:
        """The picture: ``name.jpg``, else the annotated file name, else either with any suffix."""
        folder = self.root / PICTURES
        first = folder / f"{name}.jpg"
        # Windows programs write whole paths with backslashes.
        named = folder / PureWindowsPath(filename).name if filename else first
        for path in (first, named):
            if is_file(path):
                return path
        for path in (named,) if named.stem == first.stem else (first, named):
            found, notes = self._pictures.find(path, str(file))
            if notes:
                self.problems += notes if filename else []
                return found
        return first

    def _measure_picture(self, path: Path, file: Path) -> tuple[int, int] | None:
        try:
            return picture_size(path, exif=self.exif)
        except ImageError as error:
            self._add_problem(
                "no size",
                file,
                f"no size in the annotation, and the picture cannot be measured: {error}",
            )
            return None

    def _labels(
        self, tree: ElementTree.Element, size: tuple[int, int] | None, file: Path
    ) -> Labels | None:
        if size is None:
            return None
        class_ids, corners, difficult, numbers = [], [], [], []
        for number, class_id, box, is_difficult in self._objects(tree, file):
            class_ids.append(class_id)
            corners.append([value - self.origin for value in box])
            difficult.append(is_difficult)
            numbers.append(number)
        return labels_from_corners(class_ids, corners, difficult, size, numbers=numbers)

    def _objects(
        self, tree: ElementTree.Element, file: Path
    ) -> Iterator[tuple[int, int, list[float], bool]]:
        for number, item in enumerate(tree.findall("object"), 1):
            name = _text(item, "name")
            class_id = self._class_ids.get(name)
            if class_id is None:
                self._add_problem(
                    "unknown class", file, f"object {number} has the unknown class {name!r}"
                )
                continue
            try:
                box = [float(_text(item, f"bndbox/{corner}")) for corner in CORNERS]
            except ValueError:
                box = [math.nan]
            if not all(abs(value) < FARTHEST for value in box):
                self._add_problem(
                    "bad box", file, f"object {number} ({name}) does not have four finite numbers"
                )
                continue
            yield number, class_id, box, _text(item, "difficult") == "1"

    def _add_problem(self, kind: str, file: Path, what: str) -> None:
        self.problems.append(Problem(kind, str(file), what))


def _parse(file: Path) -> ElementTree.Element | Problem:
    try:
        tree = read_xml(file)
    except UsageError as error:
        return Problem("unreadable labels", str(file), str(error).removeprefix(f"{file}: "))
    if tree.tag == _ROOT or tree.find("object") is not None:
        return tree
    what = "is XML, but no annotation of VOC"
    return Problem("unreadable labels", str(file), what, f"<{_ROOT}>", f"<{tree.tag}>")


def _size(tree: ElementTree.Element) -> tuple[int, int] | None:
    try:
        height, width = (int(float(_text(tree, f"size/{key}"))) for key in ("height", "width"))
    except (ValueError, OverflowError):
        return None
    return (height, width) if 0 < height < FARTHEST and 0 < width < FARTHEST else None


def _text(element: ElementTree.Element, path: str) -> str:
    """The text of an element in one line, empty if there is no such element."""
    return in_one_line(element.findtext(path) or "")
