"""Times in words. No torch."""

from __future__ import annotations

_DAYS_FROM = 48  # hours


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
