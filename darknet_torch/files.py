"""Write files completely or not at all: to a temporary name, then renamed. Never over an input."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from darknet_torch.errors import UsageError
from darknet_torch.input_files import protected_inputs
from darknet_torch.temporary_files import (
    create_file,
    create_temporary,
    release,
    remove_stale_once,
)
from darknet_torch.text import encode_text, real_path, refusal_text

_BLOCK = 1 << 20  # bytes read at a time


@contextmanager
def atomic_write(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file for writing, which replaces `path` when the block succeeds.

    If the block raises, the temporary file is removed and `path` stays as it was. Symbolic links
    are followed and the mode of an existing file is kept. A device or a pipe is written directly.

    Args:
        path: the file to write.
        durable: wait until the disk has the bytes before the rename, and then until it has the
            new name, so that after a power failure the old or the new file is there, whole.

    Yields:
        The temporary file, open for binary writing; its `name` is its path.

    Raises:
        OSError: the file cannot be written; `path` is then unchanged.
        UsageError: `path` is one of the `protected_inputs`.
    """
    protected_inputs.refuse(path)
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():  # a device or a pipe
        with path.open("wb") as file:
            yield file
        return
    with _replacement(path, durable=durable) as file:
        yield file


@contextmanager
def atomic_path(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give the path of an empty temporary file, which replaces `path` when the block succeeds.

    If the block raises, the temporary file is removed. This is for writers that open the file
    themselves; otherwise it is like `atomic_write`.

    Yields:
        A path in the same folder with the same suffix, since some writers choose the format by
        the suffix.

    Raises:
        OSError, UsageError: as `atomic_write`.
    """
    protected_inputs.refuse(path)
    with _replacement(Path(os.path.realpath(path)), durable=durable) as file:
        yield Path(file.name)


@contextmanager
def _replacement(target: Path, *, durable: bool) -> Iterator[BinaryIO]:
    """Create a temporary file, and rename it to `target` when the block succeeds."""
    remove_stale_once(target.parent)
    with create_temporary(target) as file:
        temporary = Path(file.name)
        try:
            yield file
            file.flush()
            if target.exists():
                shutil.copymode(target, temporary)
            if durable:
                _sync(temporary)
            release(file)
            temporary.replace(target)
        finally:
            release(file)
            temporary.unlink(missing_ok=True)
    if durable:
        with suppress(OSError):  # not every system lets a folder be opened, or waits for one
            _sync(target.parent)


def _sync(path: Path) -> None:
    """Wait until the disk has the bytes of a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write `data` to `path`, completely or not at all.

    Args:
        path: the file to write.
        data: all of its bytes.
        durable: as in `atomic_write`.

    Raises:
        UsageError: the file cannot be written, or is one of the `protected_inputs`.
    """
    try:
        with atomic_write(path, durable=durable) as file:
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


def append_bytes(path: Path, data: bytes) -> None:
    """Add `data` to the end of a file, completely or not at all; other programs see it at once.

    Args:
        path: the file, created if it does not exist.
        data: what to add.

    Raises:
        UsageError: the file cannot be written, or is one of the `protected_inputs`.
    """
    protected_inputs.refuse(path)
    is_new = not path.exists()
    try:
        with path.open("ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                left = memoryview(data)
                while left:
                    left = left[file.write(left) :]
            except BaseException:  # a full disk, or an interruption
                file.truncate(end)
                if is_new:
                    with suppress(OSError):  # Windows keeps what is open
                        path.unlink()
                raise
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be written ({refusal_text(error)})", where=path) from None


def rewrite_input(path: Path, data: bytes) -> Path:
    """Replace the content of an input, and keep its old content in a file next to it.

    Args:
        path: the file, which may be one of the `protected_inputs`.
        data: its new content.

    Returns:
        The file with the old content: ``<name>.bak``, or ``<name>.bak2`` and so on where that
        exists.

    Raises:
        UsageError: the backup or the file cannot be written; the file is then unchanged.
    """
    path = Path(os.path.realpath(path))
    try:
        backup = _keep_backup(path)
        with _replacement(path, durable=True) as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"cannot be rewritten ({error.strerror})", where=path) from None
    return backup


def move_to_backup(path: Path) -> Path:
    """Give a file or folder the first of its backup names that is free; return that.

    Raises:
        OSError: it cannot be renamed.
    """
    backup = next(name for name in _backup_names(path) if not os.path.lexists(name))
    path.rename(backup)
    return backup


def _backup_names(path: Path) -> Iterator[Path]:
    for number in itertools.count(1):
        yield path.with_name(f"{path.name}.bak{number if number > 1 else ''}")


def _keep_backup(path: Path) -> Path:
    """Copy a file to the first of its backup names that is free; return that."""
    old = path.read_bytes()
    for backup in _backup_names(path):
        try:
            file = create_file(backup, 0o600)
        except FileExistsError:
            continue
        try:
            with file:
                file.write(old)
            shutil.copymode(path, backup)
            _sync(backup)
        except BaseException:  # an interruption, too, must leave no incomplete backup
            backup.unlink()
            raise
        return backup
    raise AssertionError("counted to the end")


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Create a folder and its parents, unless they exist.

    Args:
        path: the folder.
        mode: its permissions, if it is created, less those of the umask.

    Raises:
        UsageError: the folder cannot be created.
    """
    try:
        path.mkdir(mode, parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(
            "cannot be created",
            where=path,
            expected="a folder",
            got="something else of that name",
            fix="give another path",
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be created ({refusal_text(error)})", where=path) from None


class FreePaths:
    """Chooses the paths of a run's result files, so that none overwrites another or an input.

    Results of an earlier run are overwritten, unless they are kept.

    Args:
        folder: the folder of the results, created if it does not exist.
        sources: the paths of the files that the run reads, besides the `protected_inputs`.
        keep_existing: paths of files that exist are taken.

    Raises:
        UsageError: the folder cannot be created.
    """

    def __init__(
        self, folder: Path, sources: Iterable[str], *, keep_existing: bool = False
    ) -> None:
        make_folder(folder)
        self._folder, self._keep_existing = folder, keep_existing
        self._taken = {real_path(source) for source in sources}

    def take(self, stem: str, suffix: str, source: str) -> Path:
        """Return an unused path ``stem + suffix``, or ``stem-N + suffix`` if that is taken.

        Args:
            stem: the file's name without its suffix.
            suffix: starts with a dot.
            source: the input that the result belongs to; it is not overwritten either.
        """
        self._taken.add(real_path(source))
        path, number = self._folder / f"{stem}{suffix}", 1
        while self._is_taken(path):
            number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
        self._taken.add(real_path(path))
        return path

    def _is_taken(self, path: Path) -> bool:
        if self._keep_existing and os.path.lexists(path):
            return True
        return real_path(path) in self._taken or protected_inputs.find(path) is not None


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
