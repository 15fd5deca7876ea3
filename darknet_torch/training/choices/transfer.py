"""Which layers learn, and when. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.training.choices.declaration import choice
from darknet_torch.training.option_values import Flag, Repeated, WholeNumber
from darknet_torch.training.phase_option import FreezeValue, PhaseValue


@dataclass(frozen=True, kw_only=True)
class TransferChoices:
    """Which layers learn, and when.

    Attributes:
        freeze: so many layers do not learn, from the first, as `dtorch partial` counts them;
            "backbone" for those of the published partial weights; None for none.
        unfreeze: so many layers learn, from the last, and the others do not; None for `freeze`.
        freeze_bn: normalisation does not learn in the other layers either: neither rolling
            statistics nor scales and biases.
        phase: parts of the training, one after the other, as
            ``ITERATIONS[:OPTION=VALUE,...]``; see `darknet_torch.training.phases`.
    """

    freeze: int | str | None = choice(
        None,
        FreezeValue(),
        "The first N layers do not learn; backbone: those of the published .conv.N.",
        metavar="N|backbone",
    )
    unfreeze: int | None = choice(
        None, WholeNumber(1), "Only the last N layers learn.", metavar="N"
    )
    freeze_bn: bool = choice(
        False, Flag(), "Normalisation with trained statistics does not learn, in all layers."
    )
    phase: tuple[str, ...] = choice(
        (),
        Repeated(PhaseValue()),
        "A part of the training, such as 500:freeze=backbone or 2000:lr=0.1; may be repeated.",
        metavar="ITERATIONS[:OPTION=VALUE,...]",
    )
