"""Text from files and servers as a terminal should get it: no control characters, and short."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

# C0 but newline and tab, DEL and C1, and what turns the direction of text around.
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ONE_LINE = str.maketrans({"\n": "\\n", "\t": "\\t"})
_C0_END = 0x20
_ERROR_STREAM = 2  # its descriptor
_MOST_PRINTED = 2**16  # bytes


def escape_controls(text: str) -> str:
    """Return text in which control characters are visible: an escape character is ``\\x1b``.

    Those are C0 but newline and tab, DEL, C1 and the bidirectional overrides and isolates. A
    terminal would move its cursor, change its title or type for the user. Those above C0 become
    ``\\u009b``, as in JSON, so that JSON text stays JSON. All other characters stay, backslashes
    too, so that escaping twice changes nothing.
    """
    return _CONTROLS.sub(_escape, text)


def escape_in_line(text: str) -> str:
    """Return `escape_controls` of text that is a part of one line: newlines and tabs, too."""
    return escape_controls(text).translate(_ONE_LINE)


def shorten(text: str, longest: int) -> str:
    """Return a text of at most `longest` characters, or the first of them and three dots."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def print_line(text: str, stream: TextIO | None) -> None:
    """Write a line of `escape_controls` text to a stream at once, if the program has that.

    Args:
        text: the line, or lines.
        stream: ``sys.stdout`` or ``sys.stderr``; None in a program started without it.

    Raises:
        OSError: its reader is gone, or there is no room for it.
    """
    if stream is not None:
        stream.write(f"{escape_controls(text)}\n")
        stream.flush()


@contextmanager
def escaped_library_messages() -> Iterator[None]:
    """Print what the process writes to its standard error in the block afterwards, escaped.

    Libraries in C write there without Python, and some quote bytes of a file. If there is no
    standard error, or no room for a temporary file, the block runs without this.
    """
    with ExitStack() as stack:
        try:
            stream = os.dup(_ERROR_STREAM)
            stack.callback(os.close, stream)
            printed = stack.enter_context(tempfile.TemporaryFile())
        except OSError:
            yield
            return
        os.dup2(printed.fileno(), _ERROR_STREAM)
        try:
            yield
        finally:
            os.dup2(stream, _ERROR_STREAM)
            printed.seek(0)
            text = printed.read(_MOST_PRINTED).decode("utf-8", "backslashreplace")
            if text:
                print_line(text.rstrip("\n"), sys.stderr)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < _C0_END else f"\\u{code:04x}"
