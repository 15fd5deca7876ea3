"""From scratch to YOLOv2: a detector from a classifier of one's own, and from random numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.files import write_text
from tools.experiments.cells import SEEDS, train_step
from tools.experiments.declaration import (
    Evaluate,
    Experiment,
    Make,
    Row,
    Run,
    Sources,
    Stage,
    Step,
    Train,
)
from tools.experiments.drawn_inputs import (
    ALONE_SIDE,
    CLASSES,
    CLASSIFICATION,
    DETECTION,
    SIDE,
    drawn_objects,
    drawn_scenes,
)

_PRETRAINING, _ITERATIONS = 200, 400
_CLASSIFIER, _BASE, _DETECTOR = "quarter-darknet19", "quarter-yolov2", "quarter-drawn"
_BACKBONE = "23"  # layers, as in darknet19_448.conv.23
_PRETRAINED, _RANDOM = Row("from its classifier"), Row("from random numbers")
_SIZE = ("--width", str(SIDE), "--height", str(SIDE), "--batch", "16", "--subdivisions", "1")
# What suits a short training from random numbers; SGD at the rates of the cfgs takes longer.
_UPDATE = ("--optimizer", "adamw", "--learning-rate", "0.002", "--schedule", "cosine")


def _quarter_cfgs(folder: Path, sources: Sources) -> None:
    """Write Darknet19 and YOLOv2 with a quarter of the filters, for small pictures."""
    classifier = _quarter((definitions_folder() / "darknet19.cfg").read_text("utf-8"), but="1000")
    classifier = classifier.replace("filters = 1000", f"filters = {CLASSES}")
    classifier = classifier.replace("max_crop = 448", f"max_crop = {ALONE_SIDE * 5 // 4}")
    write_text(folder / f"{_CLASSIFIER}.cfg", classifier)
    detector = _quarter((definitions_folder() / "yolov2-voc.cfg").read_text("utf-8"), but="125")
    write_text(folder / f"{_BASE}.cfg", detector.replace("random = 1", "random = 0"))


def _quarter(cfg: str, but: str) -> str:
    """Divide the filters of all convolutions but the last one by 4."""

    def divided(found: re.Match[str]) -> str:
        return found[0] if found[1] == but else f"filters = {int(found[1]) // 4}"

    return re.sub(r"filters = (\d+)", divided, cfg)


def _classifier_steps(run: Run) -> tuple[Sequence[Step], str]:
    """The steps that train a classifier with the seed of the run, and the file that they make."""
    words = ("--cfg", f"{_CLASSIFIER}.cfg", "--data", CLASSIFICATION, "--seed", str(run.seed))
    size = ("--width", str(ALONE_SIDE), "--height", str(ALONE_SIDE))
    length = ("--batch", "32", "--max-batches", str(_PRETRAINING))
    train = Train((*words, *size, *length, *_UPDATE), f"{run.folder}/classifier", _CLASSIFIER)
    backbone = f"{run.folder}/{_CLASSIFIER}.conv.{_BACKBONE}"
    cut = ("partial", f"{_CLASSIFIER}.cfg", train.weights, backbone, _BACKBONE)
    return (train, Make(cut, backbone)), backbone


def _steps(run: Run) -> Sequence[Step]:
    cfg = f"{_DETECTOR}.cfg"
    anchors = ("--data", DETECTION, "--anchors", "auto")
    length = ("--max-batches", str(_ITERATIONS))
    steps: list[Step] = [
        Make(("new", f"{_BASE}.cfg", *anchors, *_SIZE, *length, "--out", cfg), cfg)
    ]
    start: tuple[str, ...] = ()
    if run.row is _PRETRAINED:
        before, backbone = _classifier_steps(run)
        steps += before
        start = ("--weights", backbone)
    train = train_step(run, cfg, "--data", DETECTION, *_UPDATE, *start)
    evaluation = ("--cfg", cfg, "--weights", train.weights, "--data", DETECTION)
    return *steps, train, Evaluate(evaluation)


FROM_SCRATCH = Experiment(
    name="from-scratch",
    rows=(_RANDOM, _PRETRAINED),
    stages=(Stage("three seeds", _ITERATIONS, SEEDS),),
    steps=_steps,
    inputs=(drawn_scenes, drawn_objects, _quarter_cfgs),
)
