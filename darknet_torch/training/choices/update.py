"""How the weights are updated: optimizer, learning rate, bounds on gradients. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class UpdateChoices:
    """How the weights are updated: optimizer, learning rate, bounds on gradients."""
