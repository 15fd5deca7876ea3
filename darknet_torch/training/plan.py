"""What a training is going to do, settled before it starts. No torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from darknet_torch.files import write_text

PRECISIONS = ("float32", "bfloat16", "float16")
_FEW_BATCHES = 10000  # below, weights are kept more often


@dataclass(frozen=True, kw_only=True)
class TrainPlan:
    """Everything that decides how a training goes; kept beside its weights.

    Attributes:
        cfg, weights, data: paths, as given or found; no weights for random ones.
        images, split, valid_split, names, voc_origin: how to read the data set.
        base: what the files of the run are called, as Darknet does: the cfg's name.
        backup: the folder they go to.
        dialect: "alexeyab", "pjreddie" or "alexeyab-cuda".
        mend: leave out the faults of the C code, see `darknet_torch.cfg.dialect.without_bugs`.
        in_order: sum up in the order of C's loops.
        width, height, batch, subdivisions, max_batches: instead of the cfg's, None for those.
        bn_momentum: weight of a batch in the rolling statistics, None for the dialect's.
        seed: of everything that is random.
        device, precision: where and in what the layers are computed.
        workers: processes that load pictures.
        augment: change pictures at random as the cfg says.
        overfit: learn this many pictures alone, 0 for all.
        clear: count iterations from 0, whatever the weights have seen.
        resume: go on from the last state of the same run.
        map: judge on the split `valid_split` now and then, and keep the best.
        iou: overlap from which that counts a detection.
        save_every, save_last: iterations between two kept and two last weights.
    """

    cfg: str
    data: str
    base: str
    backup: str
    weights: str | None = None
    images: str | None = None
    split: str | None = None
    valid_split: str = "valid"
    names: str | None = None
    voc_origin: int = 0
    dialect: str = "alexeyab"
    mend: bool = True
    in_order: bool = False
    width: int | None = None
    height: int | None = None
    batch: int | None = None
    subdivisions: int | None = None
    max_batches: int | None = None
    bn_momentum: float | None = None
    seed: int = 0
    device: str = "cpu"
    precision: str = "float32"
    workers: int = 2
    augment: bool = True
    overfit: int = 0
    clear: bool = False
    resume: bool = False
    map: bool = False
    iou: float = 0.5
    save_every: int | None = None
    save_last: int = 100

    def path(self, suffix: str) -> Path:
        """A file of the run, such as that of "_last.weights"."""
        return Path(self.backup) / f"{self.base}{suffix}"

    def save_interval(self, max_batches: int) -> int:
        """Iterations between two kept weights.

        Source: detector.c train_detector (AlexeyAB), its saveweights.
        """
        return self.save_every or (1000 if max_batches < _FEW_BATCHES else 10000)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What differs from the defaults, a line each."""
        defaults = {name: field.default for name, field in self.__dataclass_fields__.items()}
        return [
            f"{name} = {value}"
            for name, value in self.to_dict().items()
            if value != defaults[name]
        ]

    def save(self) -> None:
        """Write it beside the weights of the run.

        Raises:
            UsageError: that is not possible.
        """
        write_text(self.path("_plan.json"), json.dumps(self.to_dict(), indent=1) + "\n")
