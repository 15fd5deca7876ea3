"""Write files completely or not at all: to a temporary name, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from darknet_torch.errors import UsageError
from darknet_torch.text import encode_text, refusal_text

_BLOCK = 1 << 20  # bytes read at a time


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file for writing, which replaces `path` when the block succeeds.

    If the block raises, the temporary file is removed and `path` stays as it was. Symbolic links
    are followed and the mode of an existing file is kept. A device or a pipe is written directly.

    Yields:
        The temporary file, open for binary writing.

    Raises:
        OSError: the file cannot be written; `path` is then unchanged.
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
    """Give a temporary path, whose file is renamed to `path` when the block succeeds.

    If the block raises, the temporary file is removed. This is for writers that open the file
    themselves.

    Yields:
        A path in the same folder with the same suffix, since some writers choose the format by
        the suffix.

    Raises:
        OSError: the temporary file cannot be renamed.
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
    """Write `data` to `path`, completely or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        with atomic_write(path) as file:
            file.write(data)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be written ({refusal_text(error)})", where=path) from None


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, completely or not at all.

    File names that are not valid UTF-8 are written back as the bytes that they had.

    Raises:
        UsageError: the file cannot be written.
    """
    write_bytes(path, encode_text(text))


def make_folder(path: Path) -> None:
    """Create a folder and its parents, unless they exist.

    Raises:
        UsageError: the folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be created ({refusal_text(error)})", where=path) from None


class FreePaths:
    """Chooses the paths of a run's result files, so that none overwrites another or an input.

    Results of an earlier run are overwritten.

    Args:
        folder: the folder of the results, created if it does not exist.
        sources: the paths of the files that the run reads.

    Raises:
        UsageError: the folder cannot be created.
    """

    def __init__(self, folder: Path, sources: Iterable[str]) -> None:
        make_folder(folder)
        self._folder = folder
        self._taken = {Path(source).resolve() for source in sources}

    def take(self, stem: str, suffix: str, source: str) -> Path:
        """Return an unused path ``stem + suffix``, or ``stem-N + suffix`` if that is taken.

        Args:
            stem: the file's name without its suffix.
            suffix: starts with a dot.
            source: the input that the result belongs to; it is not overwritten either.
        """
        self._taken.add(Path(source).resolve())
        path, number = self._folder / f"{stem}{suffix}", 1
        while path.resolve() in self._taken:
            number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
        self._taken.add(path.resolve())
        return path


def file_digest(path: Path, kind: str = "sha256") -> str:
    """The digest of a file's bytes, in hexadecimal.

    Args:
        path: the file.
        kind: a name that hashlib knows.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
