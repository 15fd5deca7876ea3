"""Reads JSON that others wrote: whatever is wrong with it becomes an error. No torch."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any

from darknet_torch.printable import shorten
from darknet_torch.reading import guarded, read_to_memory

_LONGEST = 80  # characters of a value in a message
_GROWTH = 4  # the text and the objects take at least this many bytes for each byte of the file


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
        return json.loads(read_to_memory(file, _GROWTH, expected=expected))


def show(value: object) -> str:
    """A value of a JSON file as a short printable text, however large or deep it is."""
    return shorten(ascii(value) if isinstance(value, str) else _SHORT.repr(value), _LONGEST)


class _Ascii(reprlib.Repr):
    """Shortens as `reprlib`, and escapes what a terminal cannot print."""

    def repr_str(self, x: str, level: int) -> str:
        return ascii(x)


_SHORT = _Ascii()
