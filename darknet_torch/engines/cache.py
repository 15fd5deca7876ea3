"""What is prepared for engines, in the user's cache: written once, checked when it is used."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darknet_torch.engines.cache_limit import LIMIT, cache_limit
from darknet_torch.engines.checked_json import read_checked_json, to_checked_json
from darknet_torch.engines.file_hashes import FILE_HASHES, engines_folder, file_hash
from darknet_torch.errors import UsageError
from darknet_torch.files import file_digest, make_folder
from darknet_torch.reading import guarded
from darknet_torch.temporary_files import (
    remove_folder,
    remove_stale_folders,
    temporary_folder,
)
from darknet_torch.text import real_path, refusal_text

_ENTRY = "entry.json"
_FORMAT = 1
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_MOST_TRIES = 100  # at a place that other processes fill again and again
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)  # by another folder, or by a file
_MAKE_ROOM = (
    "make room, with `dtorch cache clear` for example, or set DTORCH_CACHE to a folder on "
    "another disk"
)
_OTHER_FOLDER = "set DTORCH_CACHE to a folder that can be written"


class CacheError(UsageError):
    """An entry cannot be stored: no room, no permission, or more bytes than the limit."""


@dataclass(frozen=True)
class Entry:
    """An entry of the cache.

    Attributes:
        key: its name.
        folder: its files lie here.
        description: what was stored with it, as JSON keeps it.
        bytes: of all its files.
        last_used: when it was stored, or found before this time; seconds since 1970.
    """

    key: str
    folder: Path
    description: dict[str, Any]
    bytes: int
    last_used: float


class EngineCache:
    """A folder with an entry for each model that is prepared for an engine.

    An entry is the folder ``<key>/`` with its files and ``entry.json``: the format, the
    description, when it was created, and the size and hash of each file. It appears whole or not
    at all, and processes may use the cache at the same time. All entries together take no more
    than `cache_limit` bytes: storing one removes those that were not used for longest.

    Args:
        folder: of the entries; by default `engines_folder`, ``<DTORCH_CACHE>/engines``.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder

    @property
    def folder(self) -> Path:
        """The folder of the entries; it need not exist.

        Raises:
            UsageError: none was given, and the user has no home folder.
        """
        return engines_folder() if self._given is None else self._given

    def find(self, key: str) -> Entry | None:
        """Return the entry of a key, and note that it was used.

        Sizes and hashes of its files are checked. What is not as it was stored is removed where
        that is permitted. The files may be removed by other processes at any time: whoever fails
        to read one has no entry.

        Args:
            key: letters, digits, ``.``, ``_`` and ``-``; at most 128 of them.

        Returns:
            The entry; None if there is none that is whole, or no folder for any.
        """
        try:
            folder = self.folder / _checked(key)
        except UsageError:
            return None
        entry = self._whole_entry(folder, self._has_contents)
        if entry is not None:
            with suppress(OSError):  # a cache that may only be read
                os.utime(folder / _ENTRY)
        return entry

    def store(
        self, key: str, description: Mapping[str, Any], write: Callable[[Path], None]
    ) -> Entry:
        """Store an entry, instead of an older one of that key.

        If anything fails, all entries stay as they were. If two processes store the same key,
        both succeed, and the last one's files stay. An entry larger than the limit is not stored:
        the limit is the user's, and no other entry would be left.

        Args:
            key: as in `find`.
            description: what JSON knows. ``label`` and ``engine`` are shown to people.
            write: puts files, and folders of files, into the empty folder that it is given.

        Raises:
            CacheError: there is no room or no permission, or the entry is larger than the limit.
            UsageError: DTORCH_CACHE_LIMIT is wrong, or the user has no home folder.
            TypeError, ValueError: JSON does not know the description; or `write` made something
                other than files.
        """
        limit, folder = cache_limit(), self.folder
        to_checked_json(description)
        _make(folder)
        remove_stale_folders(folder)
        target = folder / _checked(key)
        try:
            with temporary_folder(target) as temporary:
                write(temporary)
                content = _finish(temporary, description)
                entry = Entry(key, target, content["description"], _size(content), time.time())
                _refuse_if_larger(entry, limit)
                _move(temporary, target)
        except OSError as error:
            raise _cannot_be_written(folder, error) from None
        self._evict(limit, entry)
        return entry

    def entries(self) -> list[Entry]:
        """Return all entries, the last used first; only the sizes of their files are checked."""
        try:
            folders = [path for path in self.folder.iterdir() if _is_own(path)]
        except (OSError, UsageError):
            return []
        found = [self._whole_entry(folder, _has_files) for folder in folders]
        entries = [entry for entry in found if entry is not None]
        return sorted(entries, key=lambda entry: (-entry.last_used, entry.key))

    def remove(self, key: str) -> bool:
        """Remove the entry of a key.

        Returns:
            Whether there was one.

        Raises:
            CacheError: it may not be removed.
        """
        folder = self.folder / _checked(key)
        if not _is_own(folder):
            return False
        try:
            remove_folder(folder)
        except FileNotFoundError:  # another process was faster
            return False
        except OSError as error:
            raise CacheError(
                f"cannot be removed ({refusal_text(error)})",
                where=folder,
                fix="remove it as its owner",
            ) from None
        return True

    def remove_leftovers(self) -> None:
        """Remove what killed processes left of entries, and the remembered hashes of files."""
        with suppress(OSError, UsageError):
            remove_stale_folders(self.folder)
            (self.folder / FILE_HASHES).unlink(missing_ok=True)

    def _whole_entry(
        self, folder: Path, is_whole: Callable[[Path, Mapping[str, Any]], bool]
    ) -> Entry | None:
        """Return the entry in a folder; None, and the folder is removed, if it is not whole."""
        for _ in range(_MOST_TRIES):
            before = _inode(folder)
            if before is None:
                return None
            entry = _read(folder, is_whole)
            if entry is not None:
                return entry
            if _inode(folder) == before:  # else another process has replaced it meanwhile
                break
        with suppress(OSError):
            remove_folder(folder)
        return None

    def _has_contents(self, folder: Path, files: Mapping[str, Any]) -> bool:
        """Whether the files have their sizes and hashes."""
        memory = self.folder / FILE_HASHES
        return _has_files(folder, files) and all(
            file_hash(folder / name, memory) == file["sha256"] for name, file in files.items()
        )

    def _evict(self, limit: int, stored: Entry) -> None:
        """Remove the entries that were not used for longest, until the others fit the limit."""
        room = limit - stored.bytes
        for entry in self.entries():
            if entry.key == stored.key:
                continue
            room -= entry.bytes
            if room < 0:
                with suppress(CacheError):
                    self.remove(entry.key)


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")
    return key


def _is_own(folder: Path) -> bool:
    """Whether something in the cache's folder is an entry, whole or not."""
    return (
        bool(_KEY.fullmatch(folder.name))
        and not folder.is_symlink()
        and os.path.lexists(folder / _ENTRY)
    )


def _make(folder: Path) -> None:
    try:
        make_folder(folder, 0o700)
    except UsageError as error:
        raise CacheError(
            error.what,
            where=folder,
            expected=error.expected,
            got=error.got,
            fix=_OTHER_FOLDER,
        ) from None


def _finish(folder: Path, description: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``entry.json`` for the files in a folder, and return its content.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: there is something other than files.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    for path in paths:
        if not _is_file(path) or path == folder / _ENTRY:
            raise ValueError(f"cannot be part of an entry: {path.name}")
    files = {
        path.relative_to(folder).as_posix(): {
            "size": path.stat().st_size,
            "sha256": file_digest(path),
        }
        for path in paths
    }
    content = {
        "format": _FORMAT,
        "description": description,
        "created": time.time(),
        "files": files,
    }
    (folder / _ENTRY).write_bytes(to_checked_json(content))
    return read_checked_json(folder / _ENTRY)


def _read(folder: Path, is_whole: Callable[[Path, Mapping[str, Any]], bool]) -> Entry | None:
    """Return the entry in a folder; None if it is not one, or `is_whole` denies its files."""
    try:
        with guarded(folder):
            if not _is_file(folder / _ENTRY) or folder.is_symlink():
                return None
            content = read_checked_json(folder / _ENTRY)
            if content["format"] != _FORMAT or not is_whole(folder, content["files"]):
                return None
            return Entry(
                folder.name,
                folder,
                dict(content["description"]),
                _size(content),
                min((folder / _ENTRY).stat().st_mtime, time.time()),  # clocks are set back
            )
    except UsageError:
        return None


def _has_files(folder: Path, files: Mapping[str, Any]) -> bool:
    """Whether all files are there, with their sizes, and none is elsewhere."""
    root = real_path(folder)
    return all(
        real_path(folder / name) == root.joinpath(*name.split("/"))
        and _is_file(folder / name)
        and (folder / name).stat().st_size == file["size"]
        for name, file in files.items()
    )


def _is_file(path: Path) -> bool:
    """Whether a path is a regular file, and no symbolic link."""
    return stat.S_ISREG(path.lstat().st_mode)


def _size(content: Mapping[str, Any]) -> int:
    return sum(int(file["size"]) for file in content["files"].values())


def _inode(folder: Path) -> int | None:
    try:
        return folder.lstat().st_ino
    except OSError:
        return None


def _refuse_if_larger(entry: Entry, limit: int) -> None:
    if entry.bytes > limit:
        raise CacheError(
            "is too large for the cache",
            where=entry.folder,
            expected=f"at most {limit:,} bytes",
            got=f"{entry.bytes:,}",
            fix=f"set {LIMIT} to more, such as {-(-entry.bytes // (1 << 30)) + 1}G",
        )


def _move(temporary: Path, target: Path) -> None:
    """Rename a folder, over whatever has the name; other processes may do the same.

    Raises:
        OSError: it cannot be renamed.
    """
    for tries in range(_MOST_TRIES):
        try:
            temporary.rename(target)
        except OSError as error:
            if error.errno not in _TAKEN or tries == _MOST_TRIES - 1:
                raise
        else:
            return
        with suppress(FileNotFoundError):  # another process was faster
            remove_folder(target)


def _cannot_be_written(folder: Path, error: OSError) -> CacheError:
    return CacheError(
        f"cannot be written ({refusal_text(error)})",
        where=folder,
        fix=_MAKE_ROOM if error.errno in _NO_ROOM else _OTHER_FOLDER,
    )
