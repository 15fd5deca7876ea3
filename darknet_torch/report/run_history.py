"""How long a training took and how it ended, from its log of events. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from darknet_torch.errors import UsageError
from darknet_torch.reading import guarded

# What an event says about a training, until one of them comes after it.
_STATES = {
    "start": "running, or was killed",
    "interrupt": "stopped",
    "error": "failed",
    "end": "complete",
}
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class History:
    """What the events of a training say about all of it.

    Attributes:
        state: "complete", "ended early", "stopped", "failed", "running, or was killed", or
            "unknown" without events.
        iteration: the last one that an event names.
        max_batches: iterations that it was planned for; None if unknown.
        seconds: from each start to the last event before the next one, evaluations included;
            None if unknown.
    """

    state: str = _UNKNOWN
    iteration: int = 0
    max_batches: int | None = None
    seconds: float | None = None


def read_history(text: str) -> History:
    """Read the events of a training.

    Args:
        text: JSON objects, one a line. Those that are damaged, as the last line of a training
            that was killed may be, are left out.
    """
    state, iteration, max_batches, seconds = _UNKNOWN, 0, None, None
    start = last = None
    for event in _events(text.splitlines()):
        time = _time(event)
        if event["event"] == "start":
            seconds = _added(seconds, start, last)
            start = time
            max_batches = _integer(event.get("max_batches")) or max_batches
        state = _STATES.get(event["event"], state)
        last = time or last
        iteration = _integer(event.get("iteration")) or iteration
    if state == _STATES["end"] and max_batches is not None and iteration < max_batches:
        state = "ended early"
    return History(state, iteration, max_batches, _added(seconds, start, last))


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        with suppress(UsageError), guarded(""):
            event = json.loads(line)
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                yield event


def _time(event: dict[str, Any]) -> datetime | None:
    with suppress(ValueError, TypeError):
        return datetime.fromisoformat(event["time"]) if "time" in event else None
    return None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _added(seconds: float | None, start: datetime | None, last: datetime | None) -> float | None:
    """Add the time from `start` to `last`; unknown times add nothing."""
    if start is None or last is None:
        return seconds
    with suppress(TypeError):  # one time has a zone, the other has none
        return (seconds or 0.0) + max(0.0, (last - start).total_seconds())
    return seconds
