"""The choices of the classic losses, and their words. No torch: the command reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from numbers import Real
from typing import Any

BOX_LOSS_NAMES = ("mse", "iou", "giou", "diou", "ciou")
OBJECTNESS_TARGETS = ("one", "iou")
ASSIGNMENTS = ("shape-iou", "shape-ratio", "predicted-iou")
CLASS_LOSS_NAMES = ("bce", "ce")
AUTO = "auto"


@dataclass(frozen=True)
class LossWeights:
    """Factors on the four sums of a classic loss.

    The defaults are those of "You Only Look Once", equation 3: lambda_coord and lambda_noobj.

    Attributes:
        box: of the boxes with a truth.
        obj: of the objectness of boxes with a truth.
        noobj: of the objectness of the other boxes.
        cls: of the classes.
    """

    box: float = 5.0
    obj: float = 1.0
    noobj: float = 0.5
    cls: float = 1.0

    @staticmethod
    def from_text(text: str | None) -> LossWeights:
        """The weights that `LossWeightsKind` has parsed; the defaults where it names none."""
        return LossWeights(**_weights(text)) if text else LossWeights()


@dataclass(frozen=True)
class ClassicSettings:
    """What a classic loss consists of.

    Attributes:
        box_loss: one of `BOX_LOSS_NAMES`.
        objectness_target: of a box with a truth: "one", or "iou", its overlap with the truth;
            None for what the cfg says: rescore=1 of a [region] is "iou".
        assign: which box gets a truth, one of `ASSIGNMENTS`.
        assign_several: each box beyond this bound gets the truth, too, so 1 is for one box alone;
            None for what the cfg says: iou_thresh of a [yolo] with "shape-iou", else 1.
        class_loss: "bce" or "ce"; None for what fits the head: "ce" where its class scores are a
            softmax.
        positive_weight: factor on the objectness of boxes with a truth; "auto" for the number of
            boxes without one, divided by the number of those with one.
        weights: of the parts.
    """

    box_loss: str = "ciou"
    objectness_target: str | None = None
    assign: str = "shape-iou"
    assign_several: float | None = None
    class_loss: str | None = None
    positive_weight: float | str = 1.0
    weights: LossWeights = field(default_factory=LossWeights)

    @property
    def follows_iou_thresh(self) -> bool:
        """Whether iou_thresh of a [yolo] is the bound of `assign_several`."""
        return self.assign_several is None and self.assign == "shape-iou"


class LossWeightsKind:
    """Weights of the parts of a loss, by their names; those that are not named keep their own."""

    def parse(self, value: Any) -> str:
        weights = _weights(value) if isinstance(value, str) else value
        if not isinstance(weights, Mapping):
            raise TypeError
        if not weights or not set(weights) <= {one.name for one in fields(LossWeights)}:
            raise ValueError
        factors = {name: _not_negative(weight) for name, weight in weights.items()}
        if not any((asdict(LossWeights()) | factors).values()):  # nothing would learn
            raise ValueError
        return ",".join(f"{name}={weight:.9g}" for name, weight in factors.items())

    def __str__(self) -> str:
        usual = ",".join(f"{name}={value:g}" for name, value in asdict(LossWeights()).items())
        return f"weights of 0 or more, not all of them 0, such as {usual}"


class PositiveWeightKind:
    """A factor above 0, or "auto"."""

    def parse(self, value: Any) -> float | str:
        if value == AUTO:
            return AUTO
        number = _not_negative(float(value) if isinstance(value, str) else value)
        if not number:
            raise ValueError
        return number

    def __str__(self) -> str:
        return f"a number above 0, or {AUTO!r}"


def _weights(text: str) -> dict[str, float]:
    """The numbers of "box=5,obj=1"; a name may occur once."""
    pairs = [part.partition("=") for part in text.split(",")]
    weights = {name.strip(): float(value) for name, _, value in pairs}
    if len(weights) < len(pairs):
        raise ValueError
    return weights


def _not_negative(value: Any) -> float:
    """A finite number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError
    return number
