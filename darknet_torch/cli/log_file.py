"""-log FILE: everything that a command prints goes to a file instead. No torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from darknet_torch.errors import UsageError

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2  # what processes that the block starts inherit


@contextmanager
def output_to(path: str | None) -> Iterator[None]:
    """Append what the block prints to a file; None changes nothing.

    An error that ends the block is printed where the output went before.

    Raises:
        UsageError: the file cannot be written.

    Source: darknet.cpp set_output_stream (hank-ai).
    """
    if path is None:
        yield
        return
    try:
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(
            "the log cannot be written",
            where=path,
            expected="a file that may be written",
            got=error.strerror,
            fix="give another path",
        ) from None
    numbers = (_STANDARD_OUTPUT, _STANDARD_ERROR)
    _flush()
    before = [os.dup(number) for number in numbers]
    for number in numbers:
        os.dup2(log, number)
    os.close(log)
    try:
        yield
    finally:
        _flush()
        for number, original in zip(numbers, before, strict=True):
            os.dup2(original, number)
            os.close(original)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # the program was started without it
            stream.flush()
