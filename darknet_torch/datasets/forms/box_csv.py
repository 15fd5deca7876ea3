"""CSV files with a box on each line, by themselves or in their folder. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from darknet_torch.datasets.box_table import (
    BoxTable,
    class_order,
    is_box_table,
    read_box_table,
)
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms.base import Form, ReadOptions, missing_split
from darknet_torch.datasets.split_names import ALL, in_order, split_word
from darknet_torch.errors import UsageError
from darknet_torch.text import is_file, is_folder

_SUFFIX = ".csv"
_FOLDERS = ("annotations", "labels")


class BoxCsv(Form):
    """A CSV file, which is one split, or a folder with one for each split."""

    key = "csv"
    title = "a CSV file of boxes"
    is_one_split = True

    def locate(self, path: Path) -> Path | None:
        if is_folder(path):
            return path if _files(path) else None
        return path if path.suffix.lower() == _SUFFIX else None

    def splits(self, path: Path) -> list[str]:
        return in_order(_by_split(path))

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        files = _by_split(path)
        if split not in files:
            raise missing_split(path, split, in_order(files))
        tables = {name: BoxTable.read(file) for name, file in files.items()}
        names = options.names or class_order(list(tables.values()))
        return read_box_table(tables[split], names, split, options.images, exif=options.exif)

    def named_files(self, path: Path) -> Iterator[Path]:
        if is_folder(path):
            yield from _files(path)

    def names_are_sorted(self, path: Path) -> bool:
        names = class_order([BoxTable.read(file) for file in _by_split(path).values()])
        return list(names) == sorted(names)


def _files(root: Path) -> list[Path]:
    folders = [root, *sorted(path for path in root.iterdir() if is_folder(path))]
    chosen = [
        folder
        for folder in folders
        if folder == root or folder.name.lower() in _FOLDERS or split_word(folder.name)
    ]
    found = [path for folder in chosen for path in sorted(folder.iterdir())]
    return [
        path
        for path in found
        if path.suffix.lower() == _SUFFIX and is_file(path) and is_box_table(path)
    ]


def _by_split(path: Path) -> dict[str, Path]:
    """The file of each split.

    Raises:
        UsageError: two files are of the same split.
    """
    if not is_folder(path):
        return {split_word(path.stem) or split_word(path.absolute().parent.name) or ALL: path}
    found: dict[str, Path] = {}
    for file in _files(path):
        inside = file.parent.relative_to(path).parts
        split = split_word(file.stem) or (split_word(inside[-1]) if inside else None) or ALL
        if split in found:
            raise UsageError(
                f"several CSV files for the split {split!r}",
                where=path,
                expected="one for each split",
                got=f"{found[split]}, {file}",
                fix=f"give one of them, such as --data {file}",
            )
        found[split] = file
    return found
