"""Which pictures are trained on, how often, and where they are kept. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.training.choices.declaration import choice
from darknet_torch.training.option_values import Choice, Flag, WholeNumber

WEIGHTS, OVERSAMPLE = "weights", "oversample"
RAM, DISK = "ram", "disk"


@dataclass(frozen=True, kw_only=True)
class SamplingChoices:
    """Which pictures are trained on, how often, and where they are kept.

    Attributes:
        limit: train on this many pictures, spread evenly over the list; None for all.
        balance: let rare classes count more: "weights" in the loss, "oversample" by drawing
            their pictures more often; None for Darknet's way, all pictures alike.
        rect: let all pictures of an iteration have one shape, and the input nearly the same.
        cache: keep decoded pictures in memory ("ram") or next to the weights ("disk").
    """

    limit: int | None = choice(
        None, WholeNumber(1), "Train on N pictures, spread evenly over the list.", metavar="N"
    )
    balance: str | None = choice(
        None,
        Choice((WEIGHTS, OVERSAMPLE)),
        "Let rare classes count more in the loss, or draw their pictures more often.",
    )
    rect: bool = choice(
        False,
        Flag(),
        "Train each iteration on pictures of one shape, with an input of that shape.",
    )
    cache: str | None = choice(
        None,
        Choice((RAM, DISK)),
        "Decode each picture once, and keep it in memory or in the folder of the run.",
    )
