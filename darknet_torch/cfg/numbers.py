"""Numbers as C's atoi and atof read them: the longest valid start of the text counts."""

from __future__ import annotations

import re
import struct

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(
    r"[+-]?(?:inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)",
    re.IGNORECASE,
)
_HEXADECIMAL = re.compile(
    r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?", re.IGNORECASE
)


def read_integer(text: str) -> tuple[int, str] | None:
    """The integer `text` starts with and what follows it; None if it starts with none."""
    match = _INTEGER.match(text)
    return (int(match.group()), text[match.end() :]) if match else None


def read_number(text: str) -> tuple[float, str] | None:
    """The number `text` starts with, as a float32, and what follows; None if there is none."""
    match = _HEXADECIMAL.match(text)
    if match:
        return float32(float.fromhex(match.group())), text[match.end() :]
    match = _NUMBER.match(text)
    return (float32(float(match.group())), text[match.end() :]) if match else None


def float32(value: float) -> float:
    """`value` rounded to float32, which is what every option of Darknet is held in."""
    try:
        rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return rounded
