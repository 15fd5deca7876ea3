"""What --augment names: Darknet's own augmentation, steps of one's own, or both. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from darknet_torch.augment.transforms.base import Step
from darknet_torch.augment.transforms.choice import CFG, NONE, function_in
from darknet_torch.augment.transforms.function import FunctionStep
from darknet_torch.augment.transforms.steps_file import read_steps


@dataclass(frozen=True)
class Augmentation:
    """How pictures are changed before a network is trained on them.

    Attributes:
        follows_cfg: augment as the cfg says, after the steps.
        steps: applied in this order to each picture as it was read.
    """

    follows_cfg: bool
    steps: tuple[Step, ...] = ()

    @staticmethod
    def open(name: str, classes: int | None = None, fill: str = "") -> Augmentation:
        """What a name stands for that `AugmentationName` has parsed.

        Args:
            name: "cfg", "none", a YAML file, or ``FILE.py:NAME``, whose code runs.
            classes: number of classes of the network; None accepts any from a function.
            fill: [net] fill= of the network, "" without it; see `Transform.filled_with`.

        Raises:
            UsageError: the file cannot be read, or is wrong.
        """
        if name in (CFG, NONE):
            return Augmentation(name == CFG)
        function = function_in(name)
        if function is not None:
            file, name = function
            return Augmentation(False, (FunctionStep.open(Path(file), name, classes),))
        steps, follows_cfg = read_steps(Path(name))
        if fill:
            steps = tuple(step.filled_with(fill) for step in steps)
        return Augmentation(follows_cfg, steps)

    @property
    def changes_pictures(self) -> bool:
        """Whether it does anything."""
        return self.follows_cfg or bool(self.steps)

    def __str__(self) -> str:
        names = [*map(str, self.steps), *([CFG] if self.follows_cfg else [])]
        return ", ".join(names) or NONE
