"""Which pictures are trained on, how often, and where they are kept. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AmountChoices:
    """Which pictures are trained on, how often, and where they are kept."""
