"""How many bytes a pickle makes of numbers and of texts, known before it is read.

The functions that PyTorch lets a pickle call have two that make bytes: a pickle of a hundred bytes
could ask for ``bytearray(10**10)``, for bytes encoded again and again as hexadecimal digits, each
time twice as many, or for ten thousand copies of one text.
"""

from __future__ import annotations

import pickletools
import sys
from collections.abc import Iterator
from typing import IO, Any

_ENCODE = "_codecs encode"
_MAKE_BYTES = ("builtins bytearray", "__builtin__ bytearray", _ENCODE)
_TEXTS = ("BINUNICODE", "SHORT_BINSTRING")  # those that PyTorch reads
_MEMORISE = ("BINPUT", "LONG_BINPUT")
_RECALL = ("BINGET", "LONG_BINGET")
_TUPLES = ("MARK", "EMPTY_TUPLE")
_GROWTH = 10  # bytes of a character, at most, as \U0010ffff
_PICKLES = 5  # of the format before PyTorch 1.6, in front of the arrays
_Push = tuple[str, Any]  # the name of an operation, and its argument


def bytes_made(file: IO[bytes]) -> int:
    """Return a bound on the bytes that the pickles at the start of a file make by functions.

    Args:
        file: an archive's pickle, or a file of the format before PyTorch 1.6.

    Returns:
        Bytes; `sys.maxsize` if a function makes them of anything but a text of the pickle.
    """
    return sum(_bytes_of_one(file) for _ in range(_PICKLES))


def _bytes_of_one(file: IO[bytes]) -> int:
    """Return `bytes_made` of one pickle; of a broken one, of the part that can be read."""
    total = 0
    called = ""  # the function whose first argument comes next
    for name, value in _pushes(file):
        if called and name in _TEXTS:
            total += _GROWTH * len(value)
        elif called and name not in _TUPLES and not _encodes(called, name, value):
            return sys.maxsize
        if name == "GLOBAL" and value in _MAKE_BYTES:
            called = value
        elif name != "MARK":
            called = ""
    return total


def _encodes(called: str, name: str, value: Any) -> bool:
    """Whether the argument of a function is what `encode` makes of a text, which comes next."""
    return called != _ENCODE and (name, value) == ("GLOBAL", _ENCODE)


def _pushes(file: IO[bytes]) -> Iterator[_Push]:
    """The operations of a pickle; what it recalls from its memory is what was put there."""
    memory: dict[Any, _Push] = {}
    last: _Push = ("", None)
    try:
        for operation, value, _ in pickletools.genops(file):
            if operation.name in _MEMORISE:
                memory[value] = last
                continue
            last = (operation.name, value)
            if operation.name in _RECALL:
                last = memory.get(value, last)
            yield last
    except Exception:  # noqa: BLE001 (of a broken pickle PyTorch reads no more either)
        return
