"""COCO's JSON files, by themselves or in their folder. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from darknet_torch.datasets.coco import read_coco
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms.base import Form, ReadOptions, missing_split
from darknet_torch.datasets.split_names import ALL, in_order, split_word
from darknet_torch.errors import UsageError
from darknet_torch.text import is_file, is_folder, open_to_read

_SUFFIX = ".json"
_FOLDERS = ("annotations", "Annotations", "annotation", "labels")
_PREFIX, _ROBOFLOW = "instances_", ".coco.json"
_YEAR = re.compile(r"(?<=[a-z])20\d\d$")
_FIRST_BYTES = 65536
_WORDS = (b'"images"', b'"annotations"')  # Label Studio's notes.json has categories alone


class CocoJson(Form):
    """A JSON file, which is one split, or a folder with one for each split."""

    key = "coco"
    title = "COCO"
    is_one_split = True

    def locate(self, path: Path) -> Path | None:
        if is_folder(path):
            return path if _files(path) else None
        return path if path.suffix.lower() == _SUFFIX else None

    def splits(self, path: Path) -> list[str]:
        if is_folder(path):
            return in_order(_by_split(path))
        return [split_of_json(path)]

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        file = path
        if is_folder(path):
            files = _by_split(path)
            if split not in files:
                raise missing_split(path, split, in_order(files))
            file = files[split]
        return read_coco(file, options.images, options.names, split=split, exif=options.exif)

    def named_files(self, path: Path) -> Iterator[Path]:
        if is_folder(path):
            yield from _files(path)


def split_of_json(file: Path) -> str:
    """The split of a file: instances_train2017.json is "train"; another name is a split, too.

    Roboflow's files have the same name in every folder, which is called after the split.
    """
    if file.name.startswith("_annotations"):
        return split_word(file.absolute().parent.name) or ALL
    return _YEAR.sub("", file.stem.removeprefix(_PREFIX))


def _files(root: Path) -> list[Path]:
    """The files of a folder's data set: those with COCO's names, else Roboflow's, else all."""
    found = [*_json(root)]
    for folder in sorted(_folders(root)):
        if folder.name in _FOLDERS or split_word(folder.name):
            found += _json(folder)
    for chosen in (
        [file for file in found if file.name.startswith(_PREFIX)],
        [file for file in found if file.name.endswith(_ROBOFLOW)],
    ):
        if chosen:
            return chosen
    return [file for file in found if _looks_like_coco(file)]


def _by_split(root: Path) -> dict[str, Path]:
    """The file of each split.

    Raises:
        UsageError: two files are of the same split.
    """
    found: dict[str, Path] = {}
    for file in _files(root):
        inside = file.parent.relative_to(root).parts
        split = split_word(inside[-1]) if inside else None
        split = split or split_word(file.name.removeprefix(_PREFIX).split(".")[0]) or ALL
        if split in found:
            raise UsageError(
                f"several COCO files for the split {split!r}",
                where=root,
                expected="one for each split",
                got=f"{found[split]}, {file}",
                fix=f"give one of them, such as --data {file}",
            )
        found[split] = file
    return found


def _folders(root: Path) -> Iterable[Path]:
    return [path for path in root.iterdir() if is_folder(path)]


def _json(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() == _SUFFIX and is_file(path)
    )


def _looks_like_coco(file: Path) -> bool:
    """Whether the start of a JSON file has a key of COCO's."""
    try:
        with open_to_read(file) as opened:
            start = opened.read(_FIRST_BYTES)
    except OSError:
        return False
    return start.lstrip()[:1] == b"{" and any(word in start for word in _WORDS)
