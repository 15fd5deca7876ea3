"""Backbones: MobileNetV3 in torchvision's layout, and tiny Darknet, all from random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.files import write_text
from tools.experiments.cells import SEEDS, evaluate_on_cells, train_step
from tools.experiments.declaration import Experiment, Make, Row, Run, Sources, Stage, Step
from tools.experiments.inputs import PHOTOS, photos

_ITERATIONS = 200
_BASES = {
    Row("tiny Darknet"): "yolov3-tiny",
    Row("MobileNetV3 small"): "yolov3-mobilenetv3-small",
    Row("MobileNetV3 large"): "yolov3-mobilenetv3-large",
}
_SIZE = ("--width", "224", "--height", "224", "--batch", "16", "--subdivisions", "1")
# At the rate of the cfgs SGD learned next to nothing in so short a time, and MobileNetV3 large
# diverged.
_UPDATE = ("--optimizer", "adamw", "--learning-rate", "0.001", "--schedule", "cosine")


def _one_size_cfgs(folder: Path, sources: Sources) -> None:
    """Write the shipped definitions with `random = 0`: one size for the whole training."""
    for base in _BASES.values():
        text = (definitions_folder() / f"{base}.cfg").read_text("utf-8")
        write_text(folder / f"{base}.cfg", text.replace("random = 1", "random = 0"))


def _steps(run: Run) -> Sequence[Step]:
    base = _BASES[run.row]
    cfg = f"cells-{base}.cfg"
    anchors = ("--data", PHOTOS, "--anchors", "auto")
    length = ("--max-batches", str(_ITERATIONS))
    new = ("new", f"{base}.cfg", *anchors, *_SIZE, *length, "--out", cfg)
    train = train_step(run, cfg, "--data", PHOTOS, *_UPDATE)
    return Make(new, cfg), train, evaluate_on_cells(cfg, train.weights)


BACKBONES = Experiment(
    name="backbones",
    rows=tuple(_BASES),
    stages=(Stage("three seeds", _ITERATIONS, SEEDS),),
    steps=_steps,
    inputs=(photos, _one_size_cfgs),
)
