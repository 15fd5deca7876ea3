"""Writing files whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from darknet_torch.errors import UsageError


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """A file to write, renamed to `path` when the block ends well, else removed.

    A link is followed, a file's mode is kept, a device is written to.

    Raises:
        OSError: it cannot be written; what was at `path` is then untouched.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # a device or a pipe
        with path.open("wb") as file:
            yield file
        return
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        yield file


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Where to write what belongs at `path`: renamed when the block ends well, else removed.

    The suffix is that of `path`, for writers that go by it.

    Raises:
        OSError: it cannot be renamed.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with atomic_write(path) as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=path) from None


def write_text(path: Path, text: str) -> None:
    """See `write_bytes`; paths in the text may be such that are no UTF-8."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def make_folder(path: Path) -> None:
    """Make a folder, and those above it.

    Raises:
        UsageError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be created ({error.strerror})", where=path) from None


class FreePaths:
    """Paths in a folder for the results of a run, which overwrite neither each other nor a
    source; the results of an earlier run they do.

    Args:
        folder: made if it is not there.
        sources: what the run reads.

    Raises:
        UsageError: the folder cannot be made.
    """

    def __init__(self, folder: Path, sources: Iterable[str]) -> None:
        make_folder(folder)
        self._folder = folder
        self._taken = {Path(source).resolve() for source in sources}

    def take(self, stem: str, suffix: str, source: str) -> Path:
        """``stem + suffix`` for a result of `source`, with a number where that is taken."""
        self._taken.add(Path(source).resolve())
        path, number = self._folder / f"{stem}{suffix}", 1
        while path.resolve() in self._taken:
            number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
        self._taken.add(path.resolve())
        return path
