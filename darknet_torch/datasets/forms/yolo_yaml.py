"""The data.yaml of Ultralytics, Roboflow and CVAT. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from darknet_torch.datasets.class_files import find_class_names, names_files
from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.datasets.folder_tree import FolderTree
from darknet_torch.datasets.forms.base import Form, ReadOptions, missing_split, only_one
from darknet_torch.datasets.json_file import show
from darknet_torch.datasets.moved_files import find_moved, read_picture_list
from darknet_torch.datasets.reading import in_one_line
from darknet_torch.datasets.split_names import in_order
from darknet_torch.datasets.yaml_file import read_yaml
from darknet_torch.datasets.yolo import LabelLines, YoloReader
from darknet_torch.errors import CfgNote, DarknetError, UsageError, warn
from darknet_torch.text import (
    ascii_compatible,
    is_file,
    is_folder,
    open_to_read,
    path_exists,
    whole_number,
)

_SUFFIXES = (".yaml", ".yml")
_SPLITS = ("train", "val", "valid", "validation", "test")
_OPTIONAL = "test"  # Roboflow names its folder even where there is none
_EMPTY = ("", "null", "~")
_MENTION = re.compile(rb"^(names|train|val)[ \t]*:", re.MULTILINE)
_FIRST_BYTES = 65536
_MOST_CLASSES = 100_000


class YoloYaml(Form):
    """A YAML file with train, val, test and names, or a folder with one such file."""

    key = "yaml"
    title = "a YAML file of Ultralytics' form"

    def locate(self, path: Path) -> Path | None:
        if not is_folder(path):
            return path if path.suffix.lower() in _SUFFIXES else None
        found = [file for file in _yaml_files(path) if _is_data_set(file)]
        return only_one(found, path, "YAML files")

    def splits(self, path: Path) -> list[str]:
        return _DataYaml.read(path).splits()

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        return _DataYaml.read(path).read_split(split, options)

    def class_names(self, path: Path) -> tuple[str, ...]:
        return _DataYaml.read(path).class_names()

    def named_files(self, path: Path) -> Iterator[Path]:
        try:
            file = _DataYaml.read(path)
            named = [place for split in file.splits() for place in file.places(split)]
        except DarknetError:
            named = []
        yield path
        yield from (place for place in named if is_file(place))


def _is_data_set(file: Path) -> bool:
    try:
        content = read_yaml(file)
    except UsageError:
        return False
    return isinstance(content, dict) and any(key in content for key in _SPLITS)


def unread_yaml(folder: Path) -> list[Problem]:
    """A problem for each YAML file in a folder that was meant as a data set, but is none."""
    problems = []
    for file in _yaml_files(folder):
        if not _mentions_data_set(file):
            continue
        try:
            _DataYaml.read(file)
        except UsageError as error:
            what = f"the file is not used: {error.what}"
            expected, got = (None if x is None else str(x) for x in (error.expected, error.got))
            problems.append(Problem("unread YAML", str(error.where), what, expected, got))
    return problems


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)


def _mentions_data_set(file: Path) -> bool:
    """Whether a line of a file is one of train, val or names, even if the file is not valid."""
    try:
        with open_to_read(file) as opened:
            return bool(_MENTION.search(ascii_compatible(opened.read(_FIRST_BYTES))))
    except OSError:
        return False


def leads_to_pictures(file: Path) -> bool:
    """Whether the folders and lists of a YAML file exist."""
    try:
        content = _DataYaml.read(file)
        return all(content.places(split) for split in content.splits())
    except UsageError:
        return False


@dataclass(frozen=True)
class _DataYaml:
    path: Path
    content: dict[str, Any]

    @staticmethod
    def read(path: Path) -> _DataYaml:
        content = read_yaml(path)
        if not isinstance(content, dict) or not any(key in content for key in _SPLITS):
            raise UsageError(
                "not a data set",
                where=path,
                expected="train, val and names",
                got=", ".join(content) if isinstance(content, dict) else show(content),
            )
        return _DataYaml(path, content)

    @cached_property
    def root(self) -> Path:
        """The folder of path=, relative to the file or to the working folder."""
        given = self._text("path")
        if given is None:
            return self.path.parent
        return self._find(given, "path", (self.path.parent, Path())) or self.path.parent

    def splits(self) -> list[str]:
        """The splits; one for testing counts only if it exists."""
        named = [key for key in _SPLITS if self._values(key)]
        found = [key for key in named if key != _OPTIONAL or self._exists(key)]
        for key in named:
            if key not in found:
                what = f"{key} names a folder or list that does not exist; it is left out"
                warn(what, where=self.path, got=self._values(key)[0], category=CfgNote)
        if not found:
            raise UsageError("no splits", where=self.path, expected="train: FOLDER or LIST")
        return in_order(found)

    def places(self, split: str) -> list[Path]:
        """The folders and lists of a split.

        Raises:
            UsageError: one does not exist.
        """
        places = (self.root, self.path.parent, Path())
        found = []
        for value in self._values(split):
            place = self._find(value, split, places)
            if place is None:
                tried = ", ".join(dict.fromkeys(str(folder / value) for folder in places))
                raise UsageError(
                    f"{split} does not exist",
                    where=self.path,
                    expected="a folder of pictures or a list of them",
                    got=f"{value}, which is none of {tried}",
                    fix=f"correct {split}: or path:",
                )
            found.append(place)
        return found

    def read_split(self, split: str, options: ReadOptions) -> DataSet:
        """Read the pictures of a split with their labels."""
        if not self._values(split):
            raise missing_split(self.path, split, self.splits())
        reader, where = self._reader(options), f"{self.path} ({split})"
        examples = self._examples(split, reader)
        names = options.names or self.class_names()
        reader.problems += self._count_problems(names)
        return reader.data_set(examples, names, where, self._all_examples)

    def _reader(self, options: ReadOptions) -> YoloReader:
        lines = LabelLines(key_points="kpt_shape" in self.content)
        return YoloReader(self.root, options.exif, lines)

    def _examples(self, split: str, reader: YoloReader) -> tuple[Example, ...]:
        found: list[Example] = []
        for place in self.places(split):
            if is_folder(place):
                tree = FolderTree.scan(place)
                reader.problems += tree.problems
                found += reader.read(tree.pictures(), str(place))
            else:
                found += reader.read(read_picture_list(place, [self.root]), str(place))
        return tuple(found)

    def _all_examples(self) -> Iterator[Example]:
        for split in self.splits():
            yield from self._examples(split, self._reader(ReadOptions()))

    def _text(self, key: str) -> str | None:
        value = self.content.get(key)
        if isinstance(value, list | dict):
            raise UsageError(f"{key} is not a text", where=self.path, got=show(value))
        return None if value is None or value.strip() in _EMPTY else value.strip()

    def _values(self, split: str) -> list[str]:
        """The folders and lists of a split, as they are written."""
        value = self.content.get(split)
        if not isinstance(value, list):
            text = self._text(split)
            return [] if text is None else [text]
        if not all(isinstance(item, str) for item in value):
            raise UsageError(
                f"{split} is not a list of texts",
                where=self.path,
                expected="folders or lists of pictures",
                got=show(value),
            )
        return [item.strip() for item in value if item.strip() not in _EMPTY]

    def _exists(self, split: str) -> bool:
        places = (self.root, self.path.parent, Path())
        return all(self._place(value, places) for value in self._values(split))

    def _find(self, value: str, key: str, folders: Sequence[Path]) -> Path | None:
        """What a value stands for, with a note if it is elsewhere; None if there is none."""
        found = self._place(value, folders)
        if found is not None and found not in _candidates(value, folders):
            what = f"{key} does not exist there; {found} is read"
            warn(what, where=self.path, got=value, category=CfgNote)
        return found

    def _place(self, value: str, folders: Sequence[Path]) -> Path | None:
        candidates = _candidates(value, folders)
        there = next((path for path in candidates if path_exists(path)), None)
        return there or find_moved(value, folders)

    def class_names(self) -> tuple[str, ...]:
        """The names of a list or a map, or as many as nc: says, or of a file next to it."""
        names = self.content.get("names")
        if names in (None, *_EMPTY):
            count = self._count() or 0
            made_up = tuple(f"class {index}" for index in range(count))
            return made_up or find_class_names(names_files([self.root]))
        if isinstance(names, str):
            raise self._names_error(show(names))
        listed = names if isinstance(names, list) else self._mapped(names)
        if not all(isinstance(name, str) for name in listed):
            raise self._names_error(show(names))
        return tuple(in_one_line(name) for name in listed)

    def _mapped(self, names: dict[Any, Any]) -> list[Any]:
        numbers = {whole_number(key): key for key in names if isinstance(key, str)}
        if numbers.keys() != set(range(len(names))):
            raise self._names_error(", ".join(map(str, names)), "keys from 0, without gaps")
        return [names[numbers[index]] for index in range(len(names))]

    def _names_error(
        self, got: str, expected: str = "a list, or a map from class ids from 0 to names"
    ) -> UsageError:
        return UsageError(
            "names is no list of class names",
            where=self.path,
            expected=expected,
            got=got,
            fix="correct names:, or give --names FILE",
        )

    def _count(self) -> int | None:
        text = self._text("nc")
        if text is None:
            return None
        is_short = text.isdecimal() and len(text) <= len(str(_MOST_CLASSES))
        if not is_short or int(text) > _MOST_CLASSES:
            raise UsageError(
                "nc is no number of classes",
                where=self.path,
                expected=f"a number up to {_MOST_CLASSES}",
                got=text,
            )
        return int(text)

    def _count_problems(self, names: Sequence[str]) -> list[Problem]:
        count = self._count()
        if count is None or not names or count == len(names):
            return []
        what = "the number of class names differs from nc"
        return [
            Problem("number of classes", str(self.path), what, f"{count} names", f"{len(names)}")
        ]


def _candidates(value: str, folders: Sequence[Path]) -> list[Path]:
    """The paths that a value may stand for, relative to each folder.

    Roboflow writes ../train/images for a folder next to the file itself.
    """
    inside = value.replace("\\", "/").removeprefix("../")
    return [folder / name for name in (value, inside) for folder in folders]
