"""Losses: Darknet's, and the classic one, of which each row changes one part."""

from tools.experiments.cells import FULL, SCREENING, SEEDS, from_coco
from tools.experiments.declaration import Experiment, Row, Stage
from tools.experiments.inputs import coco_model, photos

_CLASSIC = ("--loss", "classic")

LOSSES = Experiment(
    name="losses",
    rows=(
        Row("Darknet's loss"),
        Row("classic", _CLASSIC),
        Row("classic, GIoU", (*_CLASSIC, "--box-loss", "giou")),
        Row("classic, MSE", (*_CLASSIC, "--box-loss", "mse")),
        Row("classic, objectness = IoU", (*_CLASSIC, "--objectness-target", "iou")),
        Row(
            "classic, several by shape ratio",
            (*_CLASSIC, "--assign", "shape-ratio", "--assign-several", "4"),
        ),
        Row("classic, cross-entropy", (*_CLASSIC, "--class-loss", "ce")),
        Row("classic, positive weight auto", (*_CLASSIC, "--positive-weight", "auto")),
    ),
    stages=(
        Stage("screening", SCREENING),
        Stage("three seeds", FULL, SEEDS, best=2),
    ),
    steps=from_coco,
    inputs=(photos, coco_model),
)
