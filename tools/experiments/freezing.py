"""Freezing: which layers learn, from COCO weights and from random numbers."""

from collections.abc import Sequence

from tools.experiments.cells import SCREENING, SEEDS, evaluate_on_cells, train_step
from tools.experiments.declaration import Experiment, Row, Run, Stage, Step
from tools.experiments.inputs import (
    BEFORE_HEADS,
    CELLS,
    COCO_WEIGHTS,
    CUT_COCO,
    PHOTOS,
    SEVEN_LAYERS,
    coco_model,
    photos,
    seven_layers,
)

_FIRST, _REST = SCREENING // 3, SCREENING - SCREENING // 3
_ALL = (f"--max-batches={SCREENING}",)
_FROZEN_BN = (*_ALL, "--freeze-bn")


def _phases(first: str, rest: str) -> tuple[str, ...]:
    return (f"--phase={_FIRST}{first}", f"--phase={_REST}{rest}")


_FROM_COCO = (
    Row("COCO, all learn", _ALL),
    Row("COCO, backbone frozen, then all", _phases(f":freeze={BEFORE_HEADS}", "")),
    Row("COCO, backbone frozen", (*_ALL, "--freeze", BEFORE_HEADS)),
    Row("COCO, normalisation frozen", _FROZEN_BN),
    Row(
        "COCO, normalisation frozen, a seventh of the rate",
        (*_FROZEN_BN, "--learning-rate", "0.0001"),
    ),
)
# Random layers cannot be frozen at the start, nor statistics that no picture has made: what
# starts from random numbers learns everything first.
_FROM_RANDOM = (
    Row("random, all learn", _ALL),
    Row("random, all, then backbone frozen", _phases("", ":freeze=6")),
    Row("random, all, then normalisation frozen", _phases("", ":freeze_bn=1")),
)


def _steps(run: Run) -> Sequence[Step]:
    if run.row in _FROM_COCO:
        return CUT_COCO, *_training(run, CELLS, "--weights", COCO_WEIGHTS)
    # YOLO-Fastest's many layers learn next to nothing from random numbers in so short a time.
    return _training(run, SEVEN_LAYERS)


def _training(run: Run, cfg: str, *start: str) -> Sequence[Step]:
    train = train_step(run, cfg, "--data", PHOTOS, "--scale-schedule", *start)
    return train, evaluate_on_cells(cfg, train.weights)


FREEZING = Experiment(
    name="freezing",
    rows=(*_FROM_COCO, *_FROM_RANDOM),
    stages=(
        Stage("screening", SCREENING),
        Stage("three seeds", SCREENING, SEEDS, best=2),
    ),
    steps=_steps,
    inputs=(photos, coco_model, seven_layers),
)
