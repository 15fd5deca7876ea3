"""Hashes of files' contents, computed once and then remembered."""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from darknet_torch.downloads.finding import cache_folder
from darknet_torch.engines.checked_json import read_checked_json, to_checked_json
from darknet_torch.errors import UsageError
from darknet_torch.files import file_digest, make_folder, write_bytes
from darknet_torch.text import is_file, path_exists

FILE_HASHES = "file_hashes.json"
_FORMAT = 1
_LARGEST = 2**31  # bytes; no published model of Darknet has a quarter of that
_MOST_ROWS = 1000
_SETTLED = 2.0  # seconds: the coarsest times of files that a file system keeps, FAT's


def engines_folder() -> Path:
    """Return the default folder of what is prepared for engines.

    Raises:
        UsageError: the user has no home folder, and DTORCH_CACHE names none.
    """
    return cache_folder() / "engines"


def file_hash(path: Path, memory: Path | None = None) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal.

    It is computed once and remembered as long as the file's path, size, times and inode stay. A
    file changed less than 2 s ago is hashed at every call: it could change again without getting
    another time. Where nothing can be remembered, such as in a read-only home folder, every call
    computes it.

    Args:
        path: the file.
        memory: the file that remembers; by default one in `engines_folder`.

    Raises:
        OSError: the file cannot be read, is a device, a pipe or a folder, or is so large that
            hashing would take long; a reader compares its length with the cfg first.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if status.st_size > _LARGEST:
        raise OSError(errno.EFBIG, "larger than any model", str(path))
    if memory is None:
        try:
            memory = engines_folder() / FILE_HASHES
        except UsageError:
            return file_digest(path)
    name, identity = os.path.abspath(path), _identity(status)  # noqa: PTH100 (keeps links)
    known = _read(memory).get(name)
    if isinstance(known, list) and known[:-1] == identity:
        return str(known[-1])
    digest = file_digest(path)
    if _identity(path.stat()) == identity and time.time() - status.st_mtime >= _SETTLED:
        _remember(memory, name, [*identity, digest])
    return digest


def _identity(status: os.stat_result) -> list[int]:
    """Return what changes with a file's content.

    The time of the last change of its data can be set back, as `cp -p` and archives do; that of
    its inode cannot.
    """
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _read(memory: Path) -> dict[str, Any]:
    """Return what is remembered: for each path its identity and its hash; {} if it is unusable."""
    try:
        values = read_checked_json(memory)
    except UsageError:
        return {}
    files = values.get("files")
    return files if values.get("format") == _FORMAT and isinstance(files, dict) else {}


def _remember(memory: Path, name: str, row: list[Any]) -> None:
    """Add a row; the oldest go when there are too many.

    Of two processes that do it at once, one may forget the other's row, which costs no more than
    computing it again.
    """
    if path_exists(memory) and not is_file(memory):
        return  # a pipe, which would wait for a reader
    rows = _read(memory)
    rows.pop(name, None)
    rows[name] = row
    files = dict(list(rows.items())[-_MOST_ROWS:])
    with suppress(UsageError):  # a read-only home folder, a full disk
        make_folder(memory.parent, 0o700)
        write_bytes(memory, to_checked_json({"format": _FORMAT, "files": files}))
