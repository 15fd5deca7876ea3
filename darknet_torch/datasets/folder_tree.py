"""The files below a folder, listed once. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from darknet_torch.datasets.class_files import is_names_file
from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PICTURE_SUFFIXES
from darknet_torch.text import is_folder

_LEFT_BEHIND = ("__MACOSX", "@eaDir", "lost+found")  # by systems and archive programs
_OF_DATA_SETS = PICTURE_SUFFIXES | frozenset(".txt .xml .json .csv".split())
_MOST_OTHERS = 500_000  # files that are neither pictures nor labels
_DEEPEST = 16  # folders in each other


def is_skipped(name: str) -> bool:
    """Whether a file or folder is hidden, or one that systems leave behind."""
    return name.startswith(".") or name in _LEFT_BEHIND


@dataclass(frozen=True)
class FolderTree:
    """The files below a folder, without hidden ones.

    Symbolic links are followed; a folder that is reached twice is listed once.

    Attributes:
        root: the folder.
        files: the sorted names of the files of each folder, by its path relative to `root`.
        problems: folders that cannot be listed.
    """

    root: Path
    files: dict[tuple[str, ...], list[str]]
    problems: tuple[Problem, ...] = ()

    @staticmethod
    def scan(root: Path) -> FolderTree:
        """List all that is below `root`.

        Raises:
            UsageError: it is the root of the file system, or more files are there than any data
                set has.
        """
        if is_folder(root) and root.resolve().parent == root.resolve():
            raise UsageError(
                "this folder holds all files of the system",
                where=root,
                expected="the folder of a data set",
            )
        files: dict[tuple[str, ...], list[str]] = {}
        problems: list[Problem] = []
        others = 0
        for parts, found in _walk(root):
            if isinstance(found, OSError):
                problems.append(_unreadable(root.joinpath(*parts), found))
                continue
            files[parts] = found
            others += sum(_suffix(name) not in _OF_DATA_SETS for name in found)
            if others > _MOST_OTHERS:
                raise _too_many(root)
        return FolderTree(root, files, tuple(problems))

    def names_files(self) -> list[Path]:
        """The files with class names, wherever they are."""
        candidates = self.with_suffix((".txt", ".labels", ".names"))
        return sorted(path for path in candidates if is_names_file(path))

    def with_suffix(self, suffixes: Iterable[str]) -> Iterator[Path]:
        """Yield the files whose suffix, in lower case, is one of `suffixes`."""
        wanted = frozenset(suffixes)
        for parts, names in self.files.items():
            folder = self.root.joinpath(*parts)
            for name in names:
                if _suffix(name) in wanted:
                    yield folder / name

    def pictures(self) -> list[Path]:
        """The pictures, folder by folder."""
        return list(self.with_suffix(PICTURE_SUFFIXES))


def has_at_most(root: Path, files: int) -> bool:
    """Whether there are at most so many files below a folder; no more are counted."""
    counts = (0 if isinstance(found, OSError) else len(found) for _, found in _walk(root))
    return all(total <= files for total in accumulate(counts))


def _walk(root: Path) -> Iterator[tuple[tuple[str, ...], list[str] | OSError]]:
    """Yield each folder, by its path relative to `root`, with its sorted files or an error."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parts = waiting.pop()
        folder = root.joinpath(*parts)
        try:
            found = folder.stat()
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            folders, files = _list(folder)
        except OSError as error:
            yield parts, error
            continue
        yield parts, files
        if len(parts) < _DEEPEST:
            waiting += [(*parts, name) for name in sorted(folders, reverse=True)]


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 (faster)


def _list(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the folders and of the files in a folder."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_skipped(entry.name):
                continue
            (folders if entry.is_dir() else files).append(entry.name)
    return folders, sorted(files)


def _unreadable(folder: Path, error: OSError) -> Problem:
    what = f"the folder cannot be listed ({error.strerror}); its pictures are left out"
    return Problem("unreadable folder", str(folder), what)


def _too_many(root: Path) -> UsageError:
    return UsageError(
        "is not the folder of a data set",
        where=root,
        expected="pictures and labels",
        got=f"more than {_MOST_OTHERS:,} files that are neither",
        fix="give the folder that holds the data set alone",
    )
