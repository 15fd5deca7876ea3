"""Broken versions of a file, the same ones for the same seed."""

import random
import re
from collections.abc import Iterator

_VALUES = re.compile(rb'-?\d+(?:\.\d+)?|"[^"]*"|\[[^\[\]]*\]')
_INSTEAD = (
    b"9" * 5000,
    b"1e400",
    b"-1",
    b"NaN",
    b"-Infinity",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"2000000000",
    b"0",
    b"null",
    b"true",
    b"[1]",
    b"{}",
    b"[" * 2000,
    b'"\\ud800"',
    b'"\\u0000"',
)
_ADDED = (
    b"\n",
    b"\0",
    b"=",
    b",",
    b'"',
    b"<a>" * 300,
    b"\xef\xbb\xbf",
    b"\x85",
    b"&x;",
    b"\x1b[m",
)
_ENCODINGS = ("utf-16", "utf-16-le", "utf-32")


def mutations(data: bytes, count: int, seed: str) -> Iterator[bytes]:
    """Yield versions of a file with one to three faults each."""
    random_numbers = random.Random(seed)
    for _ in range(count):
        broken = data
        for _ in range(random_numbers.choice((1, 1, 2, 3))):
            broken = random_numbers.choice(_FAULTS)(broken, random_numbers)
        yield broken


def _flip(data: bytes, numbers: random.Random) -> bytes:
    at = numbers.randrange(len(data) + 1)
    flipped = bytes(byte ^ (1 << numbers.randrange(8)) for byte in data[at : at + 1])
    return data[:at] + flipped + data[at + 1 :]


def _cut(data: bytes, numbers: random.Random) -> bytes:
    return data[: numbers.randrange(len(data) + 1)]


def _leave_out(data: bytes, numbers: random.Random) -> bytes:
    start, end = sorted(numbers.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[end:]


def _overwrite(data: bytes, numbers: random.Random) -> bytes:
    at, length = numbers.randrange(len(data) + 1), numbers.choice((1, 4, 8))
    return data[:at] + numbers.choice((b"\0", b"\xff", b"\x7f")) * length + data[at + length :]


def _insert(data: bytes, numbers: random.Random) -> bytes:
    at = numbers.randrange(len(data) + 1)
    return data[:at] + numbers.choice(_ADDED) + data[at:]


def _replace_value(data: bytes, numbers: random.Random) -> bytes:
    found = list(_VALUES.finditer(data))
    if not found:
        return data
    one = numbers.choice(found)
    return data[: one.start()] + numbers.choice(_INSTEAD) + data[one.end() :]


def _repeat_line(data: bytes, numbers: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(numbers.randrange(len(lines)), numbers.choice(lines) * numbers.choice((1, 50)))
    return b"\n".join(lines)


def _encode_otherwise(data: bytes, numbers: random.Random) -> bytes:
    return data.decode("latin-1").encode(numbers.choice(_ENCODINGS))


_FAULTS = (
    *(_flip, _cut, _leave_out, _overwrite, _insert, _repeat_line, _encode_otherwise),
    *[_replace_value] * 4,
)
