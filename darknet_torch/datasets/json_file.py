"""Reads JSON that others wrote: whatever is wrong with it becomes an error. No torch."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any

from darknet_torch.errors import UsageError
from darknet_torch.text import read_bytes

_LONGEST = 80  # characters of a value in a message


def read_json(file: Path, expected: str) -> Any:
    """The content of a JSON file.

    Args:
        file: the file, in UTF-8, UTF-16 or UTF-32.
        expected: what the file should contain, for messages.

    Raises:
        UsageError: the file cannot be read, is not JSON, is nested too deeply, or has a number
            with too many digits.
    """
    try:
        return json.loads(read_bytes(file))
    except OSError as error:
        raise UsageError(
            f"cannot be read ({error.strerror})", where=file, expected=expected
        ) from None
    except RecursionError:
        got, fix = "lists or objects in each other, hundreds deep", "write the file again"
    except MemoryError:
        got, fix = "more than fits into memory", "split the file"
    except ValueError as error:
        got, fix = _shorten(str(error)), "write the file again, as UTF-8"
    raise UsageError("not valid JSON", where=file, expected=expected, got=got, fix=fix)


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
