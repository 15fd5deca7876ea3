"""Numbers as C's atoi and atof read them: the longest valid start of a text counts."""

from __future__ import annotations

import re
import struct

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1  # what C's int holds
INT64_MAX = 2**63 - 1  # what a seed may be
_MOST_DIGITS = 20  # a number with more digits is beyond every integer of C
_INTEGER = re.compile(r"([+-]?)([0-9]+)")
_NUMBER = re.compile(
    r"[+-]?(?:inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)",
    re.IGNORECASE,
)
_HEXADECIMAL = re.compile(
    r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?", re.IGNORECASE
)


def read_integer(text: str) -> tuple[int, str] | None:
    """Read the integer that `text` starts with.

    Returns:
        The integer and the text after it, or None if `text` starts with no integer. Of an integer
        too large for any of C's types only the first digits are kept.
    """
    match = _INTEGER.match(text)
    if match is None:
        return None
    sign, digits = match.groups()
    return int(f"{sign}0{digits.lstrip('0')[:_MOST_DIGITS]}"), text[match.end() :]


def read_number(text: str) -> tuple[float, str] | None:
    """Read the number that `text` starts with.

    Returns:
        The number, rounded to float32, and the text after it, or None if `text` starts with no
        number.
    """
    match = _HEXADECIMAL.match(text)
    if match:
        return float32(_from_hexadecimal(match.group())), text[match.end() :]
    match = _NUMBER.match(text)
    return (float32(float(match.group())), text[match.end() :]) if match else None


def _from_hexadecimal(text: str) -> float:
    """The number that `text` stands for; infinite if it is out of the range of a float."""
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("-inf") if text.startswith("-") else float("inf")


def float32(value: float) -> float:
    """Round `value` to float32, the type in which Darknet holds every option.

    Values out of its range become infinite.
    """
    # Not "<f", which refuses such values.
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded
