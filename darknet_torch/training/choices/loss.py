"""Which loss the network is trained by. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.errors import UsageError
from darknet_torch.losses.classic.settings import (
    ASSIGNMENTS,
    BOX_LOSS_NAMES,
    CLASS_LOSS_NAMES,
    OBJECTNESS_TARGETS,
    ClassicSettings,
    LossWeights,
    LossWeightsKind,
    PositiveWeightKind,
)
from darknet_torch.training.choices.declaration import choice
from darknet_torch.training.option_values import Choice, Number

_CLASSIC = "classic"


@dataclass(frozen=True, kw_only=True)
class LossChoices:
    """Which loss the network is trained by.

    Attributes:
        loss: "darknet", or "classic" for the differentiable formulas of docs/losses.md; the other
            fields are of these, None for their defaults.
        box_loss, objectness_target, assign, assign_several, class_loss, positive_weight: see
            `darknet_torch.losses.classic.settings.ClassicSettings`.
        loss_weights: factors on the parts, such as "box=5,obj=1,noobj=0.5,cls=1".
    """

    loss: str = choice(
        "darknet",
        Choice(("darknet", _CLASSIC)),
        "Darknet's losses, or formulas chosen by the options below: see docs/losses.md.",
    )
    box_loss: str | None = choice(
        None, Choice(BOX_LOSS_NAMES), "Classic: the loss of boxes [default: ciou]."
    )
    objectness_target: str | None = choice(
        None,
        Choice(OBJECTNESS_TARGETS),
        "Classic: objectness of a box with an object, 1 or its IoU [default: as rescore=].",
    )
    assign: str | None = choice(
        None,
        Choice(ASSIGNMENTS),
        "Classic: what chooses an object's box: how its anchor fits, or what it predicts "
        "[default: shape-iou].",
    )
    assign_several: float | None = choice(
        None,
        Number(),
        "Classic: also assign boxes above this IoU, or below this ratio (shape-ratio); 1 for one "
        "box alone [default: iou_thresh= of [yolo] for shape-iou, else 1].",
        metavar="X",
    )
    class_loss: str | None = choice(
        None,
        Choice(CLASS_LOSS_NAMES),
        "Classic: binary cross-entropy, or cross-entropy [default: what fits the head].",
    )
    positive_weight: float | str | None = choice(
        None,
        PositiveWeightKind(),
        "Classic: factor on the objectness of boxes with an object, or auto [default: 1].",
        metavar="auto|X",
    )
    loss_weights: str | None = choice(
        None,
        LossWeightsKind(),
        "Classic: weights of the parts [default: box=5,obj=1,noobj=0.5,cls=1].",
        metavar="box=,obj=,noobj=,cls=",
    )


# The options of the classic losses alone.
OF_CLASSIC = tuple(name for name in LossChoices.__dataclass_fields__ if name != "loss")


def classic_settings(choices: LossChoices) -> ClassicSettings | None:
    """What the classic losses consist of; None for Darknet's.

    Raises:
        UsageError: options of the classic losses without these, or out of their bounds.
    """
    given = {name: getattr(choices, name) for name in OF_CLASSIC}
    given = {name: value for name, value in given.items() if value is not None}
    if choices.loss == _CLASSIC:
        weights = LossWeights.from_text(given.pop("loss_weights", None))
        settings = ClassicSettings(weights=weights, **given)
        _check_bound(settings)
        return settings
    if given:
        options = ", ".join(f"--{name.replace('_', '-')} {value}" for name, value in given.items())
        raise UsageError(
            "options of the classic losses without them",
            expected="--loss classic",
            got=f"--loss {choices.loss}, {options}",
            fix="add --loss classic, or leave these options out",
        )
    return None


def _check_bound(settings: ClassicSettings) -> None:
    bound = settings.assign_several
    if bound is None:
        return
    is_ratio = settings.assign == "shape-ratio"
    if (1 <= bound < float("inf")) if is_ratio else (0 < bound <= 1):
        return
    ratio, overlap = "a ratio of 1 or more, such as 4", "an IoU above 0 and up to 1, such as 0.3"
    raise UsageError(
        "--assign-several is out of its bounds",
        expected=f"{ratio if is_ratio else overlap}, with --assign {settings.assign}",
        got=f"{bound:g}",
        fix="correct it; 1 assigns each object to one box alone",
    )
