"""Reads Darknet's format: a .data file, picture lists, a label file per picture. No torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from darknet_torch.cfg.data_file import DataValue, read_data_file, resolve
from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem
from darknet_torch.datasets.moved_files import find_moved, read_picture_list
from darknet_torch.datasets.picture_files import PictureFinder
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.reading import read_lines
from darknet_torch.text import byte_lines, decode_text, is_file, path_exists

_COCO_FOLDERS = ("train2017", "val2017", "train2014", "val2014")
_PJREDDIE_WORDS = ("images", "JPEGImages", "raw")
_FIELDS = 5
_SCORE_HINT = (
    "; the sixth number looks like the score of a detection: such files are results, not labels "
    "to train on; detect without --label-scores (Ultralytics: save_conf), or delete the column"
)
_SHOWN = 60  # characters of a label line in a message
_MOST_UNNAMED = 100_000  # classes that get numbers for names
_LARGEST_ID = 2**31  # what C's int holds
_LARGEST_FLOAT = float(np.finfo(np.float32).max)  # what C's float holds
_NOT_SPLITS = frozenset(
    "classes names labels backup results eval map leaves tree top tag saveweights savelast".split()
)
DIFFICULT = "difficult"
# Darknet itself reads difficult= for valid=. For other splits the key is difficult_<split>.
_DIFFICULT_PREFIX = f"{DIFFICULT}_"


def label_paths(picture: str) -> list[Path]:
    """The paths where the label file of a picture may be, in the order of the search.

    First AlexeyAB's path (``labels`` instead of ``JPEGImages`` and of COCO's folders, else
    next to the picture), then pjreddie's path, then next to the picture.

    Source: utils.c replace_image_to_label (AlexeyAB), data.c fill_truth_detection (pjreddie).
    """
    stem = os.path.splitext(picture)[0] + ".txt"  # noqa: PTH122 (Path drops a leading ./)
    alexeyab = stem
    for folder in _COCO_FOLDERS:
        alexeyab = alexeyab.replace(f"/images/{folder}/", f"/labels/{folder}/", 1)
    alexeyab = alexeyab.replace("/JPEGImages/", "/labels/", 1)
    pjreddie = stem
    for word in _PJREDDIE_WORDS:
        pjreddie = pjreddie.replace(word, "labels", 1)
    return [Path(path) for path in dict.fromkeys((alexeyab, pjreddie, stem))]


def label_path(picture: str | os.PathLike[str]) -> Path:
    """The first of `label_paths` that exists; if none does, AlexeyAB's path."""
    paths = label_paths(os.fspath(picture))
    return next((path for path in paths if is_file(path)), paths[0])


def parse_box_line(line: bytes) -> tuple[int, list[float]]:
    """The class and the box of a line ``class x y width height``.

    Raises:
        ValueError: it is another line, or has numbers that C's types do not hold.
    """
    words = line.split()
    if len(words) != _FIELDS:
        text = decode_text(line).strip()[:_SHOWN]
        more = _SCORE_HINT if _ends_with_score(words) else ""
        raise ValueError(
            f"expected class x y width height, got {len(words)} words: {text!r}{more}"
        )
    return parse_numbers(line)


def _ends_with_score(words: list[bytes]) -> bool:
    """Whether a sixth word is a number from 0 to 1."""
    try:
        return len(words) == _FIELDS + 1 and 0 <= float(words[-1]) <= 1
    except ValueError:
        return False


def parse_numbers(line: bytes) -> tuple[int, list[float]]:
    """The class of a label line, and the numbers after it.

    Raises:
        ValueError: a word is no number, or one that C's types do not hold.
    """
    words = line.split()
    text = decode_text(line).strip()[:_SHOWN]
    try:
        class_id, numbers = int(words[0]), [float(word) for word in words[1:]]
    except ValueError:
        raise ValueError(f"expected an integer and four numbers, got {text!r}") from None
    fits = all(abs(value) <= _LARGEST_FLOAT for value in numbers)
    if not fits or not -_LARGEST_ID <= class_id < _LARGEST_ID:
        raise ValueError(f"expected finite numbers, got {text!r}")
    return class_id, numbers


def read_labels(
    path: Path, parse: Callable[[bytes], tuple[int, list[float]]] = parse_box_line
) -> tuple[Labels | None, list[Problem]]:
    """Read the boxes of a label file.

    Lines that are not ``class x y width height`` are skipped and reported.

    Args:
        path: the label file.
        parse: makes a class and a box of a line, or raises ValueError; by default as Darknet's
            lines are.

    Returns:
        The labels, or None if the file does not exist or cannot be read; and the problems.

    Differs: C silently stops reading the file at such a line.

    Source: data.c read_boxes.
    """
    try:
        lines = read_lines(path, byte_lines)
    except UsageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None, []
        return None, [Problem("unreadable labels", str(path), error.what)]
    class_ids, boxes, numbers, problems = [], [], [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            class_id, box = parse(line)
        except ValueError as error:
            problems.append(Problem("bad line", f"{path}:{number}", str(error)))
            continue
        class_ids.append(class_id)
        boxes.append(box)
        numbers.append(number)
    return Labels.from_arrays(class_ids, boxes, numbers=numbers), problems


@dataclass(frozen=True)
class DataFile:
    """The content of a .data file.

    Attributes:
        path: the file.
        keys: all its keys and values.
    """

    path: Path
    keys: dict[str, DataValue]

    @staticmethod
    def read(path: Path) -> DataFile:
        """Read the file at `path`.

        Raises:
            UsageError: the file cannot be read.
        """
        return DataFile(path, read_data_file(path))

    @property
    def splits(self) -> list[str]:
        """The keys that name picture lists, in the order of the file."""
        return [
            key
            for key, value in self.keys.items()
            if key in ("train", "valid")
            or (key not in _NOT_SPLITS and not key.startswith(DIFFICULT) and _is_list(value.text))
        ]

    @property
    def classes(self) -> int | None:
        """The value of ``classes=``; None if it is missing or not a number."""
        value = self.keys.get("classes")
        return None if value is None else value.number

    def list_path(self, split: str) -> Path:
        """The path of a split's picture list.

        Raises:
            UsageError: the file has no such key.
        """
        if split not in self.keys:
            raise UsageError(
                f"has no {split}=",
                where=self.path,
                expected=f"{split}=FILE, a list of pictures",
                got=", ".join(self.keys) or "no keys at all",
            )
        return self._find(self.keys[split])

    def _find(self, value: DataValue) -> Path:
        """The path of a value; see `find_moved` where it does not exist.

        Warns:
            CfgNote: it does not exist, and another path is taken.
        """
        written = (resolve(self.path, text) for text in (value.text, value.spelling))
        if not any(map(path_exists, written)):
            moved = find_moved(value.spelling, [self.path.parent])
            if moved is not None:
                warn(
                    f"{value.key}= does not exist; the file of that name next to it is read",
                    where=value.where,
                    expected=value.spelling,
                    got=moved,
                    category=CfgNote,
                )
                return moved
        return value.path()

    def pictures(self, split: str) -> list[str]:
        """The pictures of a split, relative to the working folder or to the list's folder.

        Warns:
            CfgNote: as `read_picture_list`.
        """
        path = self.list_path(split)
        try:
            return read_picture_list(path, [self.path.parent])
        except UsageError as error:
            raise UsageError(
                error.what,
                where=error.where,
                expected=error.expected,
                got=error.got,
                fix=error.fix or f"correct {split}= of {self.path}",
            ) from None

    def difficult(self, split: str) -> list[str]:
        """For each picture of `split`, a path whose label file has the difficult boxes, or []."""
        key = difficult_key(split)
        return self.pictures(key) if key in self.keys else []

    def names_path(self) -> Path | None:
        """The file of the class names; None without ``names=``."""
        given = self.keys.get("names")
        return self._find(given) if given else None

    def names(self) -> tuple[str, ...]:
        """The class names; empty without ``names=``."""
        return resolve_class_names(self.names_path())


def difficult_key(split: str) -> str:
    """The key of the list that names the difficult boxes of a split."""
    return DIFFICULT if split == "valid" else _DIFFICULT_PREFIX + split


def _is_list(value: str) -> bool:
    return value.lower().endswith((".txt", ".list"))


def read_darknet(
    data: Path, split: str = "train", names: tuple[str, ...] = (), *, exif: bool = True
) -> DataSet:
    """Read the pictures that a .data file lists, with their labels.

    Args:
        data: the .data file.
        split: the key that names the picture list.
        names: the class names, instead of those in the file.
        exif: see `Example`.

    Raises:
        UsageError: the .data file or the list cannot be read, or classes= is absurd.
        NamesError: the class names cannot be read.
    """
    file = DataFile.read(data)
    problems: list[Problem] = []
    examples = tuple(_read_examples(file, split, problems, exif=exif))
    found = names or file.names()
    if file.classes is not None and found and file.classes != len(found):
        what = "the number of class names differs from classes="
        expected, got = f"{file.classes} names", f"{len(found)}"
        problems.append(Problem("number of classes", str(data), what, expected, got))
    if not found and not file.classes:
        problems.append(Problem("no names", str(data), "neither names= nor classes="))
    elif not found and file.classes:
        _check_nameable(file)
        found = tuple(f"class {index}" for index in range(file.classes))
    return DataSet(examples, found, f"{data} ({split})", problems=tuple(problems))


def _check_nameable(file: DataFile) -> None:
    """Refuse a number of classes without names that is certainly a mistake."""
    if (file.classes or 0) > _MOST_UNNAMED:
        raise UsageError(
            "too many classes without names",
            where=file.keys["classes"].where,
            expected=f"{_MOST_UNNAMED} at most, or names=FILE",
            got=file.classes,
            fix="correct classes=",
        )


def _read_examples(
    file: DataFile, split: str, problems: list[Problem], *, exif: bool
) -> Iterator[Example]:
    pictures, difficult = file.pictures(split), file.difficult(split)
    if difficult and len(difficult) != len(pictures):
        what = f"{len(difficult)} lines for the {len(pictures)} pictures of {split}="
        where = str(file.list_path(difficult_key(split)))
        problems.append(Problem("difficult list", where, what))
    finder, where = PictureFinder(), str(file.list_path(split))
    for picture, difficult_path in zip_longest(pictures, difficult[: len(pictures)]):
        path, more_path = label_path(picture), None
        labels, found = read_labels(path)
        problems += found
        if difficult_path is not None:
            more_path = label_path(difficult_path)
            more, found = read_labels(more_path)
            problems += found
            labels = _with_difficult(labels, more)
        found_path, notes = finder.find(Path(picture), where)
        problems += notes
        yield Example(found_path, labels, label_file=path, exif=exif, difficult_file=more_path)


def _with_difficult(labels: Labels | None, difficult: Labels | None) -> Labels | None:
    if difficult is None:
        return labels
    plain = Labels.from_arrays((), (), numbers=()) if labels is None else labels
    return Labels.from_arrays(
        np.concatenate((plain.class_ids, difficult.class_ids)),
        np.concatenate((plain.boxes, difficult.boxes)),
        np.concatenate((plain.difficult, np.ones(len(difficult), bool))),
        numbers=[*_numbers(plain), *_numbers(difficult)],
    )


def _numbers(labels: Labels) -> list[int]:
    assert labels.numbers is not None  # read_labels sets them
    return list(labels.numbers)
