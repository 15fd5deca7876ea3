"""Times in words, and words that are times. No torch."""

from __future__ import annotations

import math
import re
from numbers import Real
from typing import Any

_DAYS_FROM = 48  # hours
_NUMBER = r"\d+(?:\.\d+)?"
_SECONDS = re.compile(_NUMBER, re.ASCII)
_UNITS = (86400, 3600, 60, 1)
_WORDS = re.compile("".join(rf"(?:({_NUMBER}) *{unit} *)?" for unit in "dhms"), re.ASCII)


def describe_duration(seconds: float) -> str:
    """Return a time as people say it: ``35 s``, ``4 min``, ``1 h 20 min``, ``3 d 4 h``."""
    if round(seconds) < 60:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < _DAYS_FROM:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


class Duration:
    """A time as an option: seconds, or words such as 2h, 90m, 1h30m; see `ValueKind`."""

    def parse(self, value: Any) -> float:
        """Return seconds, above 0.

        Raises:
            TypeError: it is neither text nor a number.
            ValueError: it is no time, or not above 0.
        """
        if isinstance(value, bool) or not isinstance(value, (str, Real)):
            raise TypeError
        seconds = _read(value.strip().lower()) if isinstance(value, str) else float(value)
        if not 0 < seconds < math.inf:
            raise ValueError
        return seconds

    def __str__(self) -> str:
        return "a time such as 2h, 90m, 1h30m, 3600s, or a number of seconds, above 0"


def _read(text: str) -> float:
    """The seconds of a time in words; a plain number is one of seconds.

    Raises:
        ValueError: it is no time.
    """
    if _SECONDS.fullmatch(text):
        return float(text)
    found = _WORDS.fullmatch(text)
    if not text or found is None:
        raise ValueError
    parts = found.groups(default="0")
    return sum(float(part) * unit for part, unit in zip(parts, _UNITS, strict=True))
