"""Text from files and servers as a terminal should get it: no control characters, and short."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

# C0 but newline and tab, DEL and C1, and what turns the direction of text around; for a set of
# characters in a regular expression.
CONTROLS = "\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
_CONTROLS = re.compile(f"[{CONTROLS}]")
_ONE_LINE = str.maketrans({"\n": "\\n", "\t": "\\t"})
_C0_END = 0x20
_WIDEST = 200  # characters


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


def column_width(texts: Iterable[str]) -> int:
    """Return the width that a column of texts is filled up to with blanks, 0 without texts.

    It is that of the longest, but 200 at most: one name of a million characters among thousands
    would make every line as long.
    """
    return min(_WIDEST, max(map(len, texts), default=0))


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


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < _C0_END else f"\\u{code:04x}"
