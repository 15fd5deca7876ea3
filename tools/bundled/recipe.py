"""The recipe of the bundled model: which pictures it is trained on, and by which command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click

from darknet_torch.errors import UsageError
from darknet_torch.files import write_text
from darknet_torch.loading.load import load
from tools.drawn.data_set import DATA, Settings, draw_data_set
from tools.experiments.running import DTORCH, KEPT_MEMORY, children_seconds

NAME = "bundled"
CFG = Path(__file__).resolve().parents[2] / "darknet_torch" / "sample" / f"{NAME}.cfg"
# The pictures to train on and to choose weights by, and those that are held back until the end.
PICTURES = {
    "data": Settings(train=16000, valid=500, seed=1),
    "held-back": Settings(train=0, valid=1000, seed=2),
}
# The iterations after which the rate has fallen to 0. Each training goes on from the one before,
# with the rate of the longer schedule: a warm restart.
STAGES = (5200, 8000)
# AdamW suits a short training from random numbers. One thread: its sums do not depend on how many
# cores a machine has.
OPTIONS = (
    *("--optimizer", "adamw", "--schedule", "cosine", "--warmup", "linear:200"),
    *("--clip-norm", "10", "--seed", "1", "--threads", "1", "--workers", "1"),
    *("--map", "--map-every", "2", "--width", "224", "--height", "224"),
)
_CPU = "cpu_seconds.json"


def draw(folder: Path) -> None:
    """Draw the pictures that are not there yet."""
    for name, settings in PICTURES.items():
        draw_data_set(folder / name, settings, click.echo)


def run_folder(folder: Path) -> Path:
    """Return where the training keeps its weights."""
    return folder / "run"


def train_words(folder: Path, stage: int, cfg: Path = CFG) -> list[str]:
    """Return the words after `dtorch` that train a new model up to the end of a stage."""
    data, run = folder / "data" / DATA, run_folder(folder)
    files = ("--cfg", str(cfg), "--data", str(data), "--backup", str(run))
    return ["train", *files, *OPTIONS, "--max-batches", str(stage)]


def train(folder: Path) -> None:
    """Train the model through all stages, or go on with a training that was stopped.

    Raises:
        UsageError: the training failed or was interrupted.
    """
    run = run_folder(folder)
    for stage in STAGES:
        done = _iterations(run / f"{NAME}_last.weights")
        if done >= stage:
            continue
        words = [*train_words(folder, stage), *(["--resume"] if done else [])]
        before = children_seconds()
        try:
            status = run_dtorch(words)
        finally:
            _add_seconds(folder, children_seconds() - before)
        if status:
            raise UsageError(f"the training ended with status {status}", where=run)


def _iterations(weights: Path) -> int:
    """Return how many iterations a weight file was trained, 0 if it does not exist."""
    if not weights.exists():
        return 0
    network = load(CFG, weights)
    return network.header.seen // network.net.batch


def run_dtorch(words: Sequence[str]) -> int:
    """Run the command `dtorch` of this source tree; return its exit status."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = os.environ | KEPT_MEMORY | {"PYTHONPATH": path}
    return subprocess.run((*DTORCH, *words), env=environment).returncode


def cpu_seconds(folder: Path) -> float:
    """Return the CPU seconds of the training, all its parts and processes together."""
    file = folder / _CPU
    return sum(json.loads(file.read_text())) if file.exists() else 0.0


def _add_seconds(folder: Path, seconds: float) -> None:
    file = folder / _CPU
    parts = json.loads(file.read_text()) if file.exists() else []
    write_text(file, json.dumps([*parts, round(seconds, 1)]) + "\n")
