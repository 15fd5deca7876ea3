"""The files that a command reads, which no output may replace."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterable
from pathlib import Path

from darknet_torch.errors import UsageError

StrPath = str | os.PathLike[str]


class InputFiles:
    """A set of files that are read.

    Files are compared as the system does it, so that symbolic links, hard links, other spellings
    of a path, and another case where the file system ignores it, are found. What does not exist
    or is no file (a URL, a camera, a device) is never found.

    Args:
        paths: the first files of the set.
    """

    def __init__(self, paths: Iterable[StrPath | None] = ()) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Iterable[StrPath | None]] = []
        self._found: dict[tuple[int, int], StrPath] = {}
        self.add(paths)

    def add(self, paths: Iterable[StrPath | None]) -> None:
        """Add files.

        Args:
            paths: the files; None stands for no file. They are iterated when an output that
                exists is first compared with them, which most outputs do not.
        """
        with self._lock:
            self._waiting.append(paths)

    def clear(self) -> None:
        """Remove all files from the set."""
        with self._lock:
            self._waiting.clear()
            self._found.clear()

    def find(self, output: StrPath) -> StrPath | None:
        """Return the path of the input that writing `output` would replace; None if there is none.

        Args:
            output: the path of the file to write.
        """
        key = _identity(output)
        if key is None:
            return None
        with self._lock:
            while self._waiting:
                for path in self._waiting.pop():
                    found = None if path is None else _identity(path)
                    if path is not None and found is not None:
                        self._found.setdefault(found, path)
            return self._found.get(key)

    def refuse(self, output: StrPath) -> None:
        """Raise an error if writing `output` would replace an input.

        Raises:
            UsageError: it would.
        """
        source = self.find(output)
        if source is not None:
            raise UsageError(
                "cannot be written over an input",
                where=output,
                expected="a file that is not read",
                got=f"{source}, which is read",
                fix="give another path",
            )


def refuse_overwrite_of_inputs(output: StrPath, inputs: Iterable[StrPath | None]) -> None:
    """Refuse to write a file over one of those that are read.

    Args:
        output: the file to write.
        inputs: the files that are read; see `InputFiles`.

    Raises:
        UsageError: `output` is one of `inputs`.
    """
    InputFiles(inputs).refuse(output)


# The inputs of the running command. `files.atomic_write` never replaces one of them.
protected_inputs = InputFiles()


def _identity(path: StrPath) -> tuple[int, int] | None:
    """Return what identifies the file at `path`; None if there is no regular file."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):  # no such file; or a path with a zero byte
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
