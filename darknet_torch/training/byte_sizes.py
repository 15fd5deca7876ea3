"""Numbers of bytes, written for people. No torch."""

from __future__ import annotations


def describe_bytes(count: int) -> str:
    """A number of bytes in the unit that suits it, such as ``24.3 MB``."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
