"""What happens to pictures before the network sees them. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PictureChoices:
    """What happens to pictures before the network sees them."""
