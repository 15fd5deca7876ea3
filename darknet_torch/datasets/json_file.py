"""Reads JSON that others wrote: whatever is wrong with it becomes an error. No torch."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any

from darknet_torch.cpu.memory import available_memory
from darknet_torch.reading import guarded, read_at_most
from darknet_torch.text import is_file

_LONGEST = 80  # characters of a value in a message
_ALWAYS_READ = 2**26  # bytes; a larger file must fit into memory
_GROWTH = 4  # the text and the objects take at least this many bytes for each byte of the file
_MOST = 2**32  # bytes, where the system does not say how much memory there is


def read_json(file: Path, expected: str) -> Any:
    """The content of a JSON file.

    Args:
        file: the file, in UTF-8, UTF-16 or UTF-32.
        expected: what the file should contain, for messages.

    Raises:
        UsageError: the file cannot be read, is not JSON, is nested too deeply, has a number
            with too many digits, or is larger than a fourth of the memory that is available.
    """
    fix = "write the file again, as UTF-8"
    with guarded(file, expected=expected, what="not valid JSON", fix=fix):
        data = read_at_most(file, _most(file), expected=expected, fix="split the file")
        return json.loads(data)


def _most(file: Path) -> int:
    """How many bytes are read of a file."""
    if is_file(file) and file.stat().st_size <= _ALWAYS_READ:
        return _ALWAYS_READ
    available = available_memory()
    return _MOST if available is None else max(_ALWAYS_READ, available // _GROWTH)


def show(value: object) -> str:
    """A value of a JSON file as a short printable text, however large or deep it is."""
    return _shorten(ascii(value) if isinstance(value, str) else _SHORT.repr(value))


class _Ascii(reprlib.Repr):
    """Shortens as `reprlib`, and escapes what a terminal cannot print."""

    def repr_str(self, x: str, level: int) -> str:
        return ascii(x)


_SHORT = _Ascii()


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
