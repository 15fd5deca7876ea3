"""How a network is evaluated during its training, and what follows. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.training.choices.declaration import choice
from darknet_torch.training.durations import Duration
from darknet_torch.training.option_values import Choice, Number, WholeNumber

MAP_50, MAP_50_95 = "map50", "map50-95"


@dataclass(frozen=True, kw_only=True)
class EvaluationChoices:
    """How a network is evaluated during its training, and what follows.

    Attributes:
        criterion: what the best weights of a detector are chosen by: "map50", Darknet's mAP at
            an IoU of 0.5, or "map50-95", COCO's AP at IoUs of 0.5 to 0.95; None for Darknet's
            mAP at `iou`.
        patience: end after this many evaluations without a better score; None to go on.
        time_limit: seconds after which the training ends, with its last complete iteration;
            None for no limit.
        label_smoothing: label_smooth_eps= of [net], the probability that the truth of a
            classifier gives to the other classes, 0-1; None for the cfg's.
    """

    criterion: str | None = choice(
        None,
        Choice((MAP_50, MAP_50_95)),
        "The score that _best is chosen by: Darknet's mAP at an IoU of 0.5, or COCO's AP at 0.5 "
        "to 0.95 [default: Darknet's mAP at --iou].",
    )
    patience: int | None = choice(
        None,
        WholeNumber(1),
        "End after N evaluations of --map without a better score.",
        metavar="N",
    )
    time_limit: float | None = choice(
        None,
        Duration(),
        "End before TIME has passed, such as 2h, 90m, or a number of seconds; --resume goes on.",
        metavar="TIME",
    )
    label_smoothing: float | None = choice(
        None,
        Number((0, 1)),
        "Of classifiers: the probability that the truth gives to the other classes, instead of "
        "the cfg's label_smooth_eps=.",
        metavar="X",
    )
