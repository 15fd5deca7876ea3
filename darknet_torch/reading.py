"""The guard of every reader: whatever a broken file raises becomes an error with all its parts.

A parser, of this package or of a library, meets bytes that its authors did not think of, and
raises what they did not document. A reader puts its parsing, and nothing else, into `guarded`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

from darknet_torch.cpu.memory import available_memory
from darknet_torch.errors import DarknetError, UsageError
from darknet_torch.printable import shorten
from darknet_torch.text import backslash_fix, open_to_read, path_lines, refusal_text

_LONGEST = 80  # characters of a cause in a message
_ALWAYS_READ = 2**26  # bytes; what a larger file becomes must fit into memory
_MOST = 2**32  # bytes, where the system does not say how much there is
_LINES_GROWTH = 16  # lines of 8 characters take so many bytes for each of theirs
_BLANKS = " \t\r\n\v\f"  # other white space may be part of a file's name
_RUST_PANIC = "PanicException"  # of libraries in Rust, such as safetensors; no Exception
_Path = str | os.PathLike[str]
_Lines = TypeVar("_Lines")


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
    return shorten(text, _LONGEST)


def read_lines(
    path: _Path,
    split: Callable[[bytes], _Lines],
    *,
    expected: str = "a text file",
    fix: str | None = None,
    error: type[DarknetError] = UsageError,
) -> _Lines:
    """Return the lines of a text file, whose number is bounded by the memory that is available.

    Args:
        path: the file.
        split: makes lines of its bytes, such as `darknet_torch.text.byte_lines`.
        expected, fix, error: as in `guarded`.

    Raises:
        DarknetError: of the class `error`, if the file cannot be read, which causes it, or is
            too large.
    """
    with guarded(path, expected=expected, fix=fix, error=error):
        return split(read_to_memory(path, _LINES_GROWTH, expected=expected, error=error))


def read_paths(path: _Path) -> list[str]:
    """Return the lines of a list of paths that are not empty, without surrounding white space.

    Raises:
        UsageError: the list cannot be read.
    """
    with guarded(path, fix=backslash_fix(path)):
        return listed_paths(read_to_memory(path, _LINES_GROWTH, expected="a list of paths"))


def listed_paths(data: bytes) -> list[str]:
    """Return the lines of a list of paths that are not empty, without surrounding white space."""
    stripped = (line.strip(_BLANKS) for line in path_lines(data))
    return [line for line in stripped if line]


def read_to_memory(
    path: _Path, growth: int, *, expected: str, error: type[DarknetError] = UsageError
) -> bytes:
    """Return the content of a file, unless what it becomes may not fit into memory.

    Args:
        path: the file.
        growth: bytes of memory for each of its bytes.
        expected: what the file should contain, for messages.
        error: the class of the error.

    Raises:
        OSError: as `open_to_read`.
        DarknetError: of the class `error`, if the file has more than 64 MB, and more than its
            part of the memory that is available.
    """
    with open_to_read(path) as file:
        size = _size(file)
        most = _ALWAYS_READ
        if size > most:
            available = available_memory()
            most = _MOST if available is None else max(most, available // growth)
        return _read(file, size, most, where=path, expected=expected, error=error)


def read_at_most(
    path: _Path, most: int, *, expected: str, fix: str, error: type[DarknetError] = UsageError
) -> bytes:
    """Return the content of a file, unless it is too large; such a file is not read.

    Args:
        path: the file.
        most: bytes.
        expected: what the file should contain, for messages.
        fix: what to do about one that is too large.
        error: the class of the error about it.

    Raises:
        OSError: as `open_to_read`.
        DarknetError: of the class `error`, if the file has more bytes.
    """
    with open_to_read(path) as file:
        return _read(file, _size(file), most, where=path, expected=expected, fix=fix, error=error)


def _read(
    file: BinaryIO,
    size: int,
    most: int,
    *,
    where: _Path,
    expected: str,
    error: type[DarknetError],
    fix: str = "split the file",
) -> bytes:
    """Read an open file of `size` bytes, or raise the error that it has more than `most`."""
    data = b""
    if size <= most:
        data = file.read(size + 1)  # Python makes room for what is asked for
        if len(data) > size:  # it has grown, or the system does not say its size
            data += file.read(most + 1 - len(data))
    size = max(size, len(data))
    if size > most:
        raise error(
            "too large",
            where=where,
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
