"""Temporary files and folders that become outputs; those that a killed process left are removed.

A temporary file or folder is locked as long as the process that writes it lives. One that can be
locked is therefore stale. A process id in its name would not tell: ids are used again, and in
containers and on network drives several processes have the same.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

StrPath = str | os.PathLike[str]

_NAME = re.compile(r"\..*\.[0-9a-f]{16}\.part(\.[^.]*)?", re.DOTALL)
_STEM_LENGTH = 40  # characters of the target's name; file systems allow 255 bytes in all
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def create_temporary(target: Path) -> BinaryIO:
    """Create a file that no other process can have opened, and lock it until it is closed.

    Args:
        target: the file that it will replace. The temporary one is in the same folder and has
            the same suffix. It is private if there is a target, whose mode is not known here.

    Raises:
        OSError: it cannot be created.
    """
    mode = 0o600 if target.exists() else 0o666
    while True:
        file = create_file(_temporary_path(target), mode)
        # Between its creation and its lock another process may have taken it for a stale one.
        if _lock(file.fileno()) and os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


def _temporary_path(target: Path) -> Path:
    """Return a path in the folder of `target` that nothing has yet."""
    name = f".{target.stem[:_STEM_LENGTH]}.{os.urandom(8).hex()}.part{target.suffix}"
    return target.with_name(name)


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Create a folder that becomes `target` when it is renamed; otherwise it is removed.

    Args:
        target: the folder that it is made for; the temporary one is in the same folder. Only its
            owner may read it.

    Yields:
        The empty folder, locked until the end of the block so that no process takes it for stale.

    Raises:
        OSError: it cannot be created.
    """
    folder, descriptor = _create_folder(target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def _create_folder(target: Path) -> tuple[Path, int | None]:
    """Create and lock a temporary folder; return its path, and the descriptor with the lock."""
    while True:
        folder = _temporary_path(target)
        folder.mkdir(mode=0o700)
        if fcntl is None:
            return folder, None
        descriptor = -1
        with suppress(FileNotFoundError):
            descriptor = open_no_follow(folder, os.O_RDONLY)
            # Between its creation and its lock another process may have taken it for a stale one.
            if _lock(descriptor) and folder.exists():
                return folder, descriptor
        if descriptor >= 0:
            os.close(descriptor)


def remove_folder(folder: Path) -> None:
    """Remove a folder at once for all who look for it; its content is removed afterwards.

    A symbolic link or a file of that name is removed, and what the link points to stays.

    Raises:
        OSError: it does not exist or may not be removed.
    """
    removed = _temporary_path(folder)
    folder.rename(removed)
    if removed.is_symlink() or not removed.is_dir():
        removed.unlink()
    else:
        shutil.rmtree(removed, ignore_errors=True)


def create_file(path: Path, mode: int) -> BinaryIO:
    """Create a file and open it for writing; a file or a symbolic link of that name is an error.

    Args:
        path: the new file.
        mode: its permissions, less those of the umask.

    Raises:
        OSError: it cannot be created; FileExistsError if there is something of that name.
    """
    # "x" is O_CREAT and O_EXCL. Path.open has no opener.
    return open(path, "xb", opener=lambda name, flags: open_no_follow(name, flags, mode))


def release(file: BinaryIO) -> None:
    """Close a file that is to be renamed or removed, where the system does neither to an open one.

    Elsewhere it stays open and locked, so that no other process takes it for a stale one.
    """
    if fcntl is None:
        file.close()


def remove_stale(folder: Path) -> list[Path]:
    """Remove the temporary files in `folder` whose process has ended; those of live ones stay.

    Files that may not be opened or removed stay, too.

    Returns:
        The files that were removed.
    """
    return _remove_all_stale(folder, Path.unlink)


def remove_stale_folders(folder: Path) -> list[Path]:
    """Remove the temporary folders in `folder` as `remove_stale` removes files.

    Returns:
        The folders that were removed.
    """
    return _remove_all_stale(folder, shutil.rmtree, os.O_DIRECTORY if fcntl else 0)


@functools.cache
def remove_stale_once(folder: Path) -> None:
    """`remove_stale`, but only the first time that this process writes into `folder`.

    A run may write thousands of files into one folder, and listing it takes time.
    """
    remove_stale(folder)


def _remove_all_stale(
    folder: Path, remove: Callable[[Path], object], flags: int = 0
) -> list[Path]:
    """Remove what is stale in `folder` and can be opened with `flags`; return its paths."""
    if fcntl is None:
        return []
    names: list[str] = []
    with suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name)]
    paths = [folder / name for name in sorted(names)]
    return [path for path in paths if _remove_if_stale(path, remove, flags)]


def _remove_if_stale(path: Path, remove: Callable[[Path], object], flags: int) -> bool:
    """Remove `path` if it is stale; return whether that succeeded."""
    try:
        descriptor = open_no_follow(path, os.O_RDONLY | flags)
    except OSError:
        return False
    try:
        if not _lock(descriptor, unsupported=False):
            return False
        remove(path)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def open_no_follow(path: StrPath, flags: int, mode: int = 0o666) -> int:
    """Open a file that is no symbolic link, as `os.open`; for `open`, whose `opener` this can be.

    Raises:
        OSError: it is a symbolic link, or cannot be opened.
    """
    return os.open(path, flags | _NO_FOLLOW, mode)


def _lock(descriptor: int, *, unsupported: bool = True) -> bool:
    """Lock a file until it is closed, without waiting.

    Returns:
        Whether that succeeded; `unsupported` where the file system has no locks.
    """
    if fcntl is None:
        return unsupported
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return unsupported
    return True
