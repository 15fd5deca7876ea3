"""Darknet's .data file, by itself or in its folder. No torch."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.datasets.darknet import DataFile, read_darknet
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms.base import Form, ReadOptions, only_one
from darknet_torch.errors import CfgWarning, DarknetError, UsageError
from darknet_torch.text import is_file, is_folder

_SUFFIX = ".data"
_KEYS = frozenset(("train", "valid", "names", "classes", "labels", "backup"))  # of a .data file


class DarknetData(Form):
    """A .data file, or a folder with one .data file."""

    key = "darknet"
    title = "Darknet's .data file"

    def locate(self, path: Path) -> Path | None:
        if is_folder(path):
            files = [file for file in sorted(path.glob(f"*{_SUFFIX}")) if _has_lists(file)]
            return only_one(files, path, ".data files")
        is_pipe = not _is_regular(path)  # it can be read only once, so not to look what it is
        return path if is_pipe or path.suffix.lower() == _SUFFIX else None

    def splits(self, path: Path) -> list[str]:
        found = DataFile.read(path).splits
        if not found:
            raise UsageError("no lists of pictures", where=path, expected="train=FILE")
        return found

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        return read_darknet(path, split, options.names, exif=options.exif)

    def class_names(self, path: Path) -> tuple[str, ...]:
        return DataFile.read(path).names()  # its lists need not exist

    def named_files(self, path: Path) -> Iterator[Path]:
        with suppress(UsageError):
            for value in read_data_file(path).values():
                yield from (resolve(path, name) for name in (value.text, value.spelling))


class KeyValueFile(DarknetData):
    """A file with the lines of a .data file, whatever it is called."""

    def locate(self, path: Path) -> Path | None:
        if is_folder(path):
            return None
        with suppress(UsageError):
            return path if _KEYS & read_data_file(path).keys() else None
        return None


def _is_regular(path: Path) -> bool:
    try:
        return S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 (as text.is_file)
    except (OSError, ValueError):
        return False


def _has_lists(path: Path) -> bool:
    """Whether the lists of a detector's .data file exist."""
    with warnings.catch_warnings(), suppress(DarknetError):
        warnings.simplefilter("ignore", CfgWarning)
        file = DataFile.read(path)
        lists = [is_file(file.list_path(split)) for split in file.splits]
        return bool(lists) and all(lists) and "labels" not in file.keys
    return False
