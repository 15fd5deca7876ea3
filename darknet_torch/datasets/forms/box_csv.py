"""CSV files with a box on each line, by themselves or in their folder. No torch."""

from __future__ import annotations

from pathlib import Path

from darknet_torch.datasets.box_table import (
    BoxTable,
    class_order,
    is_box_table,
    read_box_table,
)
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms.base import ReadOptions
from darknet_torch.datasets.forms.file_per_split import FilePerSplit
from darknet_torch.datasets.split_names import ALL, split_word
from darknet_torch.text import is_file, is_folder

_FOLDERS = ("annotations", "labels")


class BoxCsv(FilePerSplit):
    """A CSV file, which is one split, or a folder with one for each split."""

    key = "csv"
    title = "a CSV file of boxes"
    suffix, kind = ".csv", "CSV files"

    def files(self, folder: Path) -> list[Path]:
        folders = [folder, *sorted(path for path in folder.iterdir() if is_folder(path))]
        chosen = [
            one
            for one in folders
            if one == folder or one.name.lower() in _FOLDERS or split_word(one.name)
        ]
        found = [path for one in chosen for path in sorted(one.iterdir())]
        return [
            path
            for path in found
            if path.suffix.lower() == self.suffix and is_file(path) and is_box_table(path)
        ]

    def split_of(self, file: Path, folder: Path | None) -> str:
        inside = file.parent.relative_to(folder) if folder else file.absolute().parent
        return split_word(file.stem) or split_word(inside.name) or ALL

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        file = self.file_of(path, split)
        tables = {one: BoxTable.read(one) for one in self.by_split(path).values()}
        names = options.names or class_order(list(tables.values()))
        return read_box_table(tables[file], names, split, options.images, exif=options.exif)

    def names_are_sorted(self, path: Path) -> bool:
        names = class_order([BoxTable.read(file) for file in self.by_split(path).values()])
        return list(names) == sorted(names)
