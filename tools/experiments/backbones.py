"""Backbones: MobileNetV3 in torchvision's layout, and tiny Darknet, all from random numbers."""

from __future__ import annotations

from collections.abc import Sequence

from tools.experiments.cells import SEEDS, evaluate_on_cells, train_step
from tools.experiments.declaration import Experiment, Make, Row, Run, Stage, Step
from tools.experiments.inputs import PHOTOS, photos

_ITERATIONS = 150
_BASES = {
    Row("tiny Darknet"): "yolov3-tiny",
    Row("MobileNetV3 small"): "yolov3-mobilenetv3-small",
    Row("MobileNetV3 large"): "yolov3-mobilenetv3-large",
}
# All three have random=1: the same seed gives them the same sizes.
_SIZE = ("--width", "224", "--height", "224", "--batch", "8", "--subdivisions", "1")


def _steps(run: Run) -> Sequence[Step]:
    base = _BASES[run.row]
    cfg = f"cells-{base}.cfg"
    anchors = ("--data", PHOTOS, "--anchors", "auto")
    new = ("new", base, *anchors, *_SIZE, "--max-batches", str(_ITERATIONS), "--out", cfg)
    train = train_step(run, cfg, "--data", PHOTOS)
    return Make(new, cfg), train, evaluate_on_cells(cfg, train.weights)


BACKBONES = Experiment(
    name="backbones",
    rows=tuple(_BASES),
    stages=(Stage("three seeds", _ITERATIONS, SEEDS),),
    steps=_steps,
    inputs=(photos,),
)
