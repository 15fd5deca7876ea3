"""What happens to pictures before the network sees them. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.augment.transforms.choice import CFG, AugmentationName
from darknet_torch.training.choices.declaration import choice


@dataclass(frozen=True, kw_only=True)
class PictureChoices:
    """What happens to pictures before the network sees them.

    Attributes:
        augment: "cfg" changes pictures at random as the cfg says, "none" only resizes them; a
            YAML file lists steps, and ``FILE.py:NAME`` is a function, whose code runs. True
            means "cfg", False "none".
    """

    augment: str = choice(
        CFG,
        AugmentationName(),
        "Augment pictures as the cfg says, not at all, by the steps of a file, or by a function, "
        "whose code runs: see docs/augmentation.md.",
        metavar="cfg|none|FILE.yaml|FILE.py:NAME",
    )
