"""Confidence thresholds of an evaluation: how many boxes, which average precision, what time."""

from collections.abc import Sequence

from tools.experiments.cells import FULL, evaluate_on_cells, from_coco
from tools.experiments.declaration import Experiment, Row, Run, Stage, Step, Train
from tools.experiments.inputs import CELLS, coco_model, photos
from tools.experiments.losses import LOSSES

# One model for all rows: that of the default loss, trained here unless it is there.
_MODEL = Run(LOSSES.name, LOSSES.rows[0], LOSSES.stages[-1], seed=0)


def _steps(run: Run) -> Sequence[Step]:
    *training, _ = from_coco(_MODEL)
    weights = next(step.weights for step in training if isinstance(step, Train))
    return *training, evaluate_on_cells(CELLS, weights, *run.row.options)


THRESHOLDS = Experiment(
    name="thresholds",
    rows=tuple(Row(name, ("--min-score", name)) for name in (".25", ".01", ".001", ".0001")),
    stages=(Stage("one model", FULL),),
    steps=_steps,
    inputs=(photos, coco_model),
)
