"""The plan of a training: everything that decides how it goes. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from darknet_torch.files import write_text
from darknet_torch.ops.precision_names import FLOAT32
from darknet_torch.training.choices.every import TrainChoices
from darknet_torch.training.run_folder import PLAN

_FEW_BATCHES = 10000  # below this, numbered weights are saved more often


@dataclass(frozen=True, kw_only=True)
class TrainPlan(TrainChoices):
    """Everything that decides how a training goes; saved next to its weights.

    The classes that it derives from document their fields.

    Attributes:
        cfg, weights, data: paths; without weights the training starts from random numbers.
        images, split, valid_split, names, voc_origin, exif: how to read the data set.
        base: stem of the names of all files of the run: that of the cfg, as in Darknet.
        backup: the folder of these files.
        dialect: "alexeyab", "pjreddie" or "alexeyab-cuda".
        darknet_bugs: "fix" or "reproduce" the bugs of the C code in training, see
            `darknet_torch.cfg.dialect.without_bugs`.
        exact_order: add up and round in the order of C's loops, slowly.
        width, height, batch, subdivisions, max_batches, learning_rate: replace those of the
            cfg; None keeps them.
        epochs: train on each picture this often, which replaces max_batches and scales the
            schedule of the learning rate; None for the length that max_batches gives.
        scale_schedule: scale the schedule of the learning rate to the length of the training.
        net_options: the options of [net] that differ from the cfg's by the four above, with the
            values that the training runs with; `darknet_torch.training.net_options` fills it in.
        allow_large: build the network even if it is too large, see `darknet_torch.load`.
        bn_momentum: weight of a batch in the rolling statistics, 0-1; None for the dialect's.
        seed: seeds all random numbers.
        device: "cpu", "cuda", "cuda:N" or "mps".
        precision: that in which the layers are computed, see `darknet_torch.ops.precision`.
        checkpoint_activations: keep less of the forward pass in memory, and compute it again in
            the backward pass: slower, but with the same weights.
        workers: processes that load pictures.
        threads: with how many threads each process computes; None for those that
            `darknet_torch.cpu.cores.threads_to_compute` gives, which `prepare` fills in.
        overfit: train on this many pictures alone, 0 for all.
        clear: count iterations from 0, whatever the weights have seen.
        resume: continue from the last saved state of the same run.
        overwrite: replace the weights of an earlier run in the folder `backup`.
        map: evaluate on the split `valid_split` at intervals, and keep the best weights.
        iou: overlap from which the evaluation counts a detection, 0-1.
        map_every: epochs between two evaluations; None for 4 of a detector and 1 of a
            classifier, at least 100 iterations, and none before burn_in.
        save_every: iterations between two numbered weight files, None for Darknet's.
        save_last: iterations between two writes of the last weights and their state, which
            are written every 10 minutes, too; 0 to write them at the end alone.
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
    exif: bool = True
    dialect: str = "alexeyab"
    darknet_bugs: str = "fix"
    exact_order: bool = False
    width: int | None = None
    height: int | None = None
    batch: int | None = None
    subdivisions: int | None = None
    max_batches: int | None = None
    learning_rate: float | None = None
    epochs: int | None = None
    scale_schedule: bool = False
    net_options: Mapping[str, Any] | None = None
    bn_momentum: float | None = None
    allow_large: bool = False
    seed: int = 0
    device: str = "cpu"
    precision: str = FLOAT32
    checkpoint_activations: bool = False
    workers: int = 2
    threads: int | None = None
    overfit: int = 0
    clear: bool = False
    resume: bool = False
    overwrite: bool = False
    map: bool = False
    iou: float = 0.5
    map_every: int | None = None
    save_every: int | None = None
    save_last: int = 100

    def path(self, suffix: str) -> Path:
        """The path of a file of the run, such as that of "_last.weights"."""
        return Path(self.backup) / f"{self.base}{suffix}"

    def save_interval(self, max_batches: int) -> int:
        """Iterations between two numbered weight files.

        Source: detector.c train_detector (AlexeyAB), its saveweights.
        """
        return self.save_every or (1000 if max_batches < _FEW_BATCHES else 10000)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The fields that differ from their defaults, one a line."""
        defaults = {name: field.default for name, field in self.__dataclass_fields__.items()}
        return [
            f"{name} = {value}"
            for name, value in self.to_dict().items()
            if value != defaults[name]
        ]

    def save(self) -> None:
        """Write the plan as JSON next to the weights of the run.

        Raises:
            UsageError: the file cannot be written.
        """
        write_text(plan_file(self.backup, self.base), json.dumps(self.to_dict(), indent=1) + "\n")


def plan_file(backup: str, base: str) -> Path:
    """Where the run of that name in the folder `backup` has its plan."""
    return Path(backup) / f"{base}{PLAN}"
