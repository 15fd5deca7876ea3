"""Which loss the network is trained by. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LossChoices:
    """Which loss the network is trained by."""
