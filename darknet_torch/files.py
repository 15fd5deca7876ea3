"""Writing files whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from darknet_torch.errors import UsageError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
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
        with replacing(path) as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=path) from None


def write_text(path: Path, text: str) -> None:
    """See `write_bytes`; paths in the text may be such that are no UTF-8."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))
