"""What happens to pictures before the network sees them. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

from darknet_torch.augment.transforms.choice import CFG, AugmentationName
from darknet_torch.cfg.preprocessing import FILLS, NORMALIZATIONS
from darknet_torch.training.choices.declaration import choice
from darknet_torch.training.option_values import Choice


class Fill(Choice):
    """One of `FILLS`; in Python the grey may be a number."""

    def parse(self, value: Any) -> str:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        return super().parse(f"{float(value):g}" if is_number else value)


@dataclass(frozen=True, kw_only=True)
class PictureChoices:
    """What happens to pictures before the network sees them.

    Attributes:
        augment: "cfg" changes pictures at random as the cfg says, "none" only resizes them; a
            YAML file lists steps, and ``FILE.py:NAME`` is a function, whose code runs. True
            means "cfg", False "none".
        normalize: what the network does to its input first, one of `NORMALIZATIONS`; None for
            what the cfg says. The run's copy of the cfg says it, too.
        fill: the colour of areas that no picture covers, one of `FILLS`; as `normalize`.
    """

    augment: str = choice(
        CFG,
        AugmentationName(),
        "Augment pictures as the cfg says, not at all, by the steps of a file, or by a function, "
        "whose code runs: see docs/augmentation.md.",
        metavar="cfg|none|FILE.yaml|FILE.py:NAME",
    )
    normalize: str | None = choice(
        None,
        Choice(NORMALIZATIONS),
        "What the network does to its input first; kept with the model [default: the cfg's].",
    )
    fill: str | None = choice(
        None,
        Fill(FILLS),
        "Colour of areas that no picture covers; kept with the model [default: the cfg's].",
    )

    @property
    def kept_net_options(self) -> dict[str, str]:
        """The options of [net] given here that the cfg of the trained network has to say."""
        given = {"normalize": self.normalize, "fill": self.fill}
        return {key: value for key, value in given.items() if value is not None}
