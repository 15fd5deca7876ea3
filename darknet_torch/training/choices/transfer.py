"""Which layers learn, and when. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TransferChoices:
    """Which layers learn, and when."""
