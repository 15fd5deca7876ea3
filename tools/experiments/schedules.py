"""Schedules of the learning rate: Darknet's steps, cosine with restarts, exponential."""

from collections.abc import Sequence

from tools.experiments.cells import SCREENING, SEEDS, train_on_cells
from tools.experiments.declaration import Experiment, Row, Run, Stage, Step
from tools.experiments.inputs import COCO_WEIGHTS, CUT_COCO, coco_model, photos


def _steps(run: Run) -> Sequence[Step]:
    return CUT_COCO, *train_on_cells(run, "--weights", COCO_WEIGHTS, *_EVALUATED)


_EVALUATED = ("--map", "--map-every", "2", "--valid-split", "val")

SCHEDULES = Experiment(
    name="schedules",
    rows=(
        Row("Darknet's steps"),
        Row("cosine restarts", ("--schedule", "cosine-restarts")),
        Row("exponential", ("--schedule", "exponential")),
    ),
    stages=(Stage("three seeds", SCREENING, SEEDS),),
    steps=_steps,
    inputs=(photos, coco_model),
)
