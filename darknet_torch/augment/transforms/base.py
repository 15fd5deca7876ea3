"""What every transform is. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from darknet_torch.augment.transforms.labelled_image import LabelledImage
from darknet_torch.augment.transforms.parameters import Fraction, parameter, parameters_of

PROBABILITY = "probability"
_PROBABILITY = "the part of the pictures that it changes"


class Step(Protocol):
    """A step of an augmentation. It can be pickled, since workers apply it."""

    def apply(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """Return a changed picture, or the picture itself; what it has is never written to."""
        ...


@dataclass(frozen=True, kw_only=True)
class Transform:
    """The base of all transforms: a dataclass whose fields are its parameters.

    Attributes:
        name: what files of steps call it.
        probability: the part of the pictures that it changes, 0-1.
    """

    name: ClassVar[str]

    probability: float = parameter(0.5, Fraction(), _PROBABILITY)

    def apply(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """Change the picture with the transform's probability; see `Step.apply`."""
        return self.change(picture, random) if random.random() < self.probability else picture

    def filled_with(self, fill: str) -> Transform:
        """The transform for a network whose [net] fill= is `fill`, one of `FILLS`.

        It is the transform itself, unless it leaves areas that no picture covers.
        """
        return self

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """Draw what is random, and return the changed picture."""
        raise NotImplementedError

    def __str__(self) -> str:
        values = (f"{name}={_text(getattr(self, name))}" for name in parameters_of(type(self)))
        return f"{self.name}({', '.join(values)})"


def _text(value: object) -> str:
    return f"{value[0]:g}..{value[1]:g}" if isinstance(value, tuple) else str(value)


def always() -> float:
    """The field `probability` of a transform that changes all pictures by default."""
    return parameter(1.0, Fraction(), _PROBABILITY)


def apply_steps(
    steps: Iterable[Step], picture: LabelledImage, random: np.random.Generator
) -> LabelledImage:
    """Apply the steps one after the other."""
    for step in steps:
        picture = step.apply(picture, random)
    return picture
