"""Confidence thresholds of an evaluation: how many boxes, which average precision, what time."""

from collections.abc import Sequence

from tools.experiments.cells import FULL, evaluate_on_cells, from_coco
from tools.experiments.declaration import Experiment, Row, Run, Stage, Step, Train
from tools.experiments.inputs import CELLS, coco_model, photos

# One model for all rows, so its training has none of their options.
_MODEL = Run("thresholds", Row("model"), Stage("model", FULL), seed=0)


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
