"""Multi-scale training, `random=1`, evaluated at a smaller, the same and a larger size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from darknet_torch.files import write_text
from tools.experiments.cells import FULL, SEEDS, evaluate_on_cells, length, train_step
from tools.experiments.declaration import Experiment, Row, Run, Sources, Stage, Step
from tools.experiments.inputs import CELLS, COCO_WEIGHTS, CUT_COCO, PHOTOS, coco_model, photos

_OFF, _ON = Row("off"), Row("on")
_SIZES = ("224", "160", "320")
_CFGS = {_OFF: CELLS, _ON: "bccd-random.cfg"}


def _random_cfg(folder: Path, sources: Sources) -> None:
    """Write the cfg of the cells with `random=1` in each head."""
    text = (folder / CELLS).read_text("utf-8")
    write_text(folder / _CFGS[_ON], re.sub(r"(?m)^random=0", "random=1", text))


def _steps(run: Run) -> Sequence[Step]:
    cfg = _CFGS[run.row]
    words = ("--data", PHOTOS, *length(run), "--weights", COCO_WEIGHTS)
    train = train_step(run, cfg, *words)
    evaluations = [
        evaluate_on_cells(cfg, train.weights, "--width", size, "--height", size, label=size)
        for size in _SIZES
    ]
    return CUT_COCO, train, *evaluations


MULTI_SCALE = Experiment(
    name="multi-scale",
    rows=(_OFF, _ON),
    stages=(Stage("three seeds", FULL, SEEDS),),
    steps=_steps,
    inputs=(photos, coco_model, _random_cfg),
)
