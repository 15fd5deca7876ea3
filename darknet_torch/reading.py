"""The guard of every reader: whatever a broken file raises becomes an error with all its parts.

A parser, of this package or of a library, meets bytes that its authors did not think of, and
raises what they did not document. A reader puts its parsing, and nothing else, into `guarded`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from darknet_torch.errors import DarknetError, UsageError
from darknet_torch.text import open_to_read, refusal_text

_LONGEST = 80  # characters of a cause in a message
_RUST_PANIC = "PanicException"  # of libraries in Rust, such as safetensors; no Exception
_Path = str | os.PathLike[str]


@contextmanager
def guarded(
    where: object,
    *,
    expected: object = None,
    what: str = "cannot be read",
    fix: str | None = None,
    error: type[DarknetError] = UsageError,
) -> Iterator[None]:
    """Turn every exception of the block into an error of the package, which it causes.

    Errors and warnings of the package, and exceptions that end the program, pass unchanged.

    Args:
        where: the file, or the place in it.
        expected: what it should contain.
        what: what is wrong with it, where its bytes could be read.
        fix: what to do about it.
        error: the class of the error.

    Raises:
        DarknetError: of the class `error`, if the block raises anything else.
    """
    try:
        yield
    except (DarknetError, Warning):
        raise
    except OSError as cause:
        what = f"cannot be read ({refusal_text(cause)})"
        raise error(what, where=where, expected=expected, fix=fix) from cause
    except BaseException as cause:
        if not isinstance(cause, Exception) and type(cause).__name__ != _RUST_PANIC:
            raise  # an interruption, or the end of the program
        if isinstance(cause, MemoryError):
            fix = "split the file, or free memory"
        got = cause_text(cause)
        raise error(what, where=where, expected=expected, got=got, fix=fix) from cause


def cause_text(error: BaseException) -> str:
    """Return why a parser failed, as one short printable line."""
    if isinstance(error, RecursionError):
        return "lists or objects in each other, hundreds deep"
    if isinstance(error, MemoryError):
        return "more than fits into memory"
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    if not isinstance(error, ValueError):  # whose messages speak of values, others of code
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    text = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def read_at_most(path: _Path, most: int, *, expected: str, fix: str) -> bytes:
    """Return the content of a file, unless it is too large; such a file is not read.

    Args:
        path: the file.
        most: bytes.
        expected: what the file should contain, for messages.
        fix: what to do about one that is too large.

    Raises:
        OSError: as `open_to_read`.
        UsageError: the file has more bytes.
    """
    with open_to_read(path) as file:
        size = _size(file)
        data = file.read(most + 1) if size <= most else b""
    size = max(size, len(data))
    if size > most:
        raise UsageError(
            "too large",
            where=path,
            expected=f"{expected}, of {_in_words(most)} at most",
            got=_in_words(size),
            fix=fix,
        )
    return data


def _size(file: BinaryIO) -> int:
    """The size of a file at its start; 0 where the system does not say, as of ``/proc``."""
    try:
        size = file.seek(0, os.SEEK_END)
    except OSError:
        return 0
    file.seek(0)
    return size


def _in_words(size: int) -> str:
    return f"{size:,} bytes"
