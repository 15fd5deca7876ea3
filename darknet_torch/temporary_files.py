"""Temporary files that become outputs, and the removal of those that a killed process left.

A temporary file is locked as long as the process that writes it lives. One that can be locked is
therefore stale. A process id in its name would not tell: ids are used again, and in containers
and on network drives several processes have the same.
"""

from __future__ import annotations

import functools
import os
import re
from contextlib import suppress
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
        name = f".{target.stem[:_STEM_LENGTH]}.{os.urandom(8).hex()}.part{target.suffix}"
        file = create_file(target.with_name(name), mode)
        # Between its creation and its lock another process may have taken it for a stale one.
        if _lock(file.fileno()) and os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


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
    if fcntl is None:
        return []
    removed: list[Path] = []
    with suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name)]
        removed = [folder / name for name in sorted(names) if _remove_if_stale(folder / name)]
    return removed


@functools.cache
def remove_stale_once(folder: Path) -> None:
    """`remove_stale`, but only the first time that this process writes into `folder`.

    A run may write thousands of files into one folder, and listing it takes time.
    """
    remove_stale(folder)


def _remove_if_stale(path: Path) -> bool:
    try:
        descriptor = open_no_follow(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        if not _lock(descriptor, unsupported=False):
            return False
        path.unlink()
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
