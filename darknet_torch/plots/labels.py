"""Names of classes and files as they stand in plots. No torch."""

from __future__ import annotations

import itertools
import unicodedata

_MOST = 20  # columns
_UNITS = {10**3: "k", 10**6: "M", 10**9: "G"}


def shown_name(name: str, most: int = _MOST) -> str:
    """Return a name in one short line of printable characters.

    Args:
        name: any text; XML, and so SVG, has no control characters.
        most: columns of a terminal that it may take; Chinese characters take two.
    """
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    ends = list(itertools.accumulate(map(_columns, text)))
    if not ends or ends[-1] <= most:
        return text
    return text[: sum(end < most for end in ends)] + "…"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def short_count(count: int) -> str:
    """Return a whole number, not negative, in few characters, such as "9999", "12k"."""
    if count < 10_000:
        return str(count)
    unit = next(unit for unit in _UNITS if count < 1000 * unit or unit == max(_UNITS))
    return f"{count // unit}{_UNITS[unit]}"
