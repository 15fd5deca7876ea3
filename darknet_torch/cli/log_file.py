"""-log FILE: everything that a command prints goes to a file instead. No torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from darknet_torch import __version__
from darknet_torch.errors import UsageError
from darknet_torch.text import is_file

_MARK = "# dtorch "  # the start of a log
_OUTPUTS = (1, 2)  # standard output and standard error, as processes inherit them


@contextmanager
def output_to(path: str | None) -> Iterator[None]:
    """Append what the block of a running command prints to a file; None changes nothing.

    An error that ends the block is printed where the output went before.

    Raises:
        UsageError: the file cannot be written, or contains something that is no log.

    Source: darknet.cpp set_output_stream (hank-ai). Differs: a line with the command comes
    first, which distinguishes a log from a file that the command may need.
    """
    if path is None:
        yield
        return
    log = _open_log(path)
    _flush()
    before = [os.dup(number) for number in _OUTPUTS]
    for number in _OUTPUTS:
        os.dup2(log, number)
    os.close(log)
    try:
        yield
    finally:
        try:
            _flush()  # there may be no room for it
        finally:
            for number, original in zip(_OUTPUTS, before, strict=True):
                os.dup2(original, number)
                os.close(original)


def _open_log(path: str) -> int:
    """Open a log to append to it, and write its first line; return its descriptor."""
    _check_is_log(path)
    line = f"{_MARK}{__version__}: {click.get_current_context().command_path}\n"
    try:
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(log, line.encode())
    except OSError as error:
        raise UsageError(
            "the log cannot be written",
            where=path,
            expected="a file that may be written",
            got=error.strerror,
            fix="give another path",
        ) from None
    return log


def _check_is_log(path: str) -> None:
    """Refuse a file with other content than a log. No file, an empty one or a device is fine.

    Raises:
        UsageError: it has other content.
    """
    if not is_file(path):
        return
    with suppress(OSError), Path(path).open("rb") as file:  # opening it to write reports that
        start = file.read(len(_MARK))
        if start and start != _MARK.encode():
            raise UsageError(
                "the output cannot be appended to this file",
                where=path,
                expected=f"a new or empty file, or a log, which starts with {_MARK.strip()!r}",
                got="a file with other content",
                fix="give another path",
            )


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # the program was started without it
            stream.flush()
