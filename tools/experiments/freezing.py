"""Freezing: which layers learn, from COCO weights and from random numbers."""

from collections.abc import Sequence

from tools.experiments.cells import SCREENING, SEEDS, train_step
from tools.experiments.cells import evaluate_on_cells as evaluate
from tools.experiments.declaration import Experiment, Row, Run, Stage, Step
from tools.experiments.inputs import (
    BEFORE_HEADS,
    CELLS,
    COCO_WEIGHTS,
    CUT_COCO,
    PHOTOS,
    coco_model,
    photos,
)

_FIRST, _REST = SCREENING // 3, SCREENING - SCREENING // 3
_COCO = ("--weights", COCO_WEIGHTS)
_ALL = (f"--max-batches={SCREENING}",)


def _phases(first: str, rest: str) -> tuple[str, ...]:
    return (f"--phase={_FIRST}{first}", f"--phase={_REST}{rest}")


def _steps(run: Run) -> Sequence[Step]:
    train = train_step(run, CELLS, "--data", PHOTOS, "--scale-schedule")
    return CUT_COCO, train, evaluate(CELLS, train.weights)


# Random layers cannot be frozen at the start, nor statistics that no picture has made: what
# starts from random numbers learns everything first.
FREEZING = Experiment(
    name="freezing",
    rows=(
        Row("COCO, all learn", (*_COCO, *_ALL)),
        Row(
            "COCO, backbone frozen, then all",
            (*_COCO, *_phases(f":freeze={BEFORE_HEADS}", "")),
        ),
        Row("COCO, backbone frozen", (*_COCO, *_ALL, "--freeze", BEFORE_HEADS)),
        Row("COCO, normalisation frozen", (*_COCO, *_ALL, "--freeze-bn")),
        Row(
            "COCO, normalisation frozen, a seventh of the rate",
            (*_COCO, *_ALL, "--freeze-bn", "--learning-rate", "0.0001"),
        ),
        Row("random, all learn", _ALL),
        Row("random, then backbone frozen", _phases("", f":freeze={BEFORE_HEADS}")),
        Row("random, then normalisation frozen", _phases("", ":freeze_bn=1")),
    ),
    stages=(Stage("three seeds", SCREENING, SEEDS),),
    steps=_steps,
    inputs=(photos, coco_model),
)
