"""Text files with a line for each class: names, labels, trees and maps of ids. No torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from darknet_torch.errors import DarknetError, UsageError
from darknet_torch.reading import guarded, read_at_most

_LARGEST = 2**22  # bytes; the names of ImageNet's 22,000 classes have 0.5 MB
_MOST_LINES = 100_000  # the largest published lists have 22,000
_FIX = "is it a list of classes?"
_Line = TypeVar("_Line", str, bytes)


def read_class_list(
    path: str | os.PathLike[str],
    split: Callable[[bytes], Sequence[_Line]],
    *,
    expected: str,
    error: type[DarknetError] = UsageError,
) -> Sequence[_Line]:
    """Return the lines of a file that has one for each class, unless it is larger than any.

    Args:
        path: the file.
        split: makes lines of its bytes, such as `darknet_torch.text.text_lines`.
        expected: what the file should contain, for messages.
        error: the class of the error.

    Raises:
        DarknetError: of the class `error`, if the file cannot be read, which causes it, or has
            more bytes or lines.
    """
    with guarded(path, expected=expected, error=error):
        data = read_at_most(path, _LARGEST, expected=expected, fix=_FIX, error=error)
        lines = split(data)
    if len(lines) > _MOST_LINES:
        raise error(
            "too many lines",
            where=path,
            expected=f"{expected}, {_MOST_LINES:,} lines at most",
            got=f"{len(lines):,}",
            fix=_FIX,
        )
    return lines
