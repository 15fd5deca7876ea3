"""Trainings on the photos of blood cells, as most experiments have them."""

from __future__ import annotations

from collections.abc import Sequence

from tools.experiments.declaration import Evaluate, Run, Step, Train, Words
from tools.experiments.inputs import CELLS, COCO_WEIGHTS, CUT_COCO, PHOTOS

SCREENING, FULL = 150, 400  # iterations, of 16 photos
SEEDS = (0, 1, 2)
_DATA: Words = ("--data", PHOTOS)


def from_coco(run: Run) -> Sequence[Step]:
    """Train from YOLO-Fastest's COCO weights, and evaluate the last weights."""
    return CUT_COCO, *train_on_cells(run, "--weights", COCO_WEIGHTS)


def train_on_cells(run: Run, *words: str) -> Sequence[Step]:
    """Train with these words and those of the row, and evaluate the last weights."""
    train = train_step(run, CELLS, *_DATA, *length(run), *words)
    return train, evaluate_on_cells(CELLS, train.weights)


def length(run: Run) -> Words:
    """The words for the length of the training."""
    return ("--max-batches", str(run.stage.iterations), "--scale-schedule")


def train_step(run: Run, cfg: str, *words: str) -> Train:
    """Train `cfg` with these words, the seed and the words of the row."""
    words = ("--cfg", cfg, *words, "--seed", str(run.seed), *run.row.options)
    return Train(words, run.folder, cfg.removesuffix(".cfg"))


def evaluate_on_cells(cfg: str, weights: str, *words: str, label: str = "") -> Evaluate:
    """Evaluate on the photos of the val part."""
    files = ("--cfg", cfg, "--weights", weights)
    return Evaluate((*files, *_DATA, "--split", "val", *words), label)
