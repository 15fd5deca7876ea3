"""What a training records and draws. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RecordChoices:
    """What a training records and draws."""
