"""The bugs of the C code, fixed and reproduced, on a data set that is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from tools.experiments.cells import SEEDS, train_step
from tools.experiments.declaration import Evaluate, Experiment, Make, Row, Run, Stage, Step
from tools.experiments.drawn_inputs import DETECTION, drawn_scenes
from tools.experiments.inputs import COCO_WEIGHTS, CUT_COCO, coco_model

_ITERATIONS = 150
_CFG = "shapes-yolo-fastest.cfg"
_SIZE = ("--width", "224", "--height", "224", "--batch", "16", "--subdivisions", "1")
_NEW = ("new", "yolo-fastest-1.1", "--data", DETECTION, "--anchors", "auto", *_SIZE)


def _steps(run: Run) -> Sequence[Step]:
    new = Make((*_NEW, "--max-batches", str(_ITERATIONS), "--out", _CFG), _CFG)
    train = train_step(run, _CFG, "--data", DETECTION, "--weights", COCO_WEIGHTS)
    evaluation = ("--cfg", _CFG, "--weights", train.weights, "--data", DETECTION)
    return new, CUT_COCO, train, Evaluate(evaluation)


DARKNET_BUGS = Experiment(
    name="darknet-bugs",
    rows=(
        Row("fixed"),
        Row("reproduced", ("--darknet-bugs", "reproduce")),
    ),
    stages=(Stage("three seeds", _ITERATIONS, SEEDS),),
    steps=_steps,
    inputs=(coco_model, drawn_scenes),
)
