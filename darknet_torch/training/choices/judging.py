"""How a network is judged during its training, and what follows. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class JudgingChoices:
    """How a network is judged during its training, and what follows."""
