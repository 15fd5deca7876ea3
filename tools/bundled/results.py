"""The figures of the bundled model, a JSON file that is kept in the repository."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import darknet_torch as dt
from darknet_torch.errors import UsageError
from darknet_torch.files import file_digest, write_bytes, write_text
from tools.bundled import page, recipe
from tools.bundled.chart import training_chart
from tools.bundled.sheet import write_sheet
from tools.drawn.classes import CLASSES
from tools.drawn.data_set import DATA
from tools.experiments.machine import machine
from tools.scenes.data_set import draw_scenes

FIGURES, CHART, PAGE = "bundled-model.json", "bundled-model.png", "bundled-model.md"
SHEET, _SHOWN = "bundled-model-detections.jpg", 12


def publish(folder: Path, sample: Path, docs: Path) -> None:
    """Evaluate the trained model, and put it, its figures and its chart where they belong.

    Args:
        folder: where it was trained.
        sample: gets the weights.
        docs: gets the figures, the chart and the contact sheet; the tables of the page there are
            written anew.
    """
    run = recipe.run_folder(folder)
    weights = run / f"{recipe.NAME}_best.weights"
    figures = {
        "model": {
            "bytes": weights.stat().st_size,
            "sha256": file_digest(weights),
            "chosen": "by the mAP of the 500 pictures of the list valid",
        },
        "training": training_figures(folder),
        "held_back": held_back_figures(evaluate(weights, folder / "held-back" / DATA)),
        "scenes": scene_figures(weights, folder / "scenes"),
    }
    write_bytes(sample / f"{recipe.NAME}.weights", weights.read_bytes())
    training_chart(run / f"{recipe.NAME}_results.csv").save(docs / CHART)
    detector = dt.Detector(dt.load(recipe.CFG, weights), names=list(CLASSES))
    held_back = sorted((folder / "held-back" / "valid").glob("*.jpg"))
    write_sheet(detector, held_back[:_SHOWN], docs / SHEET)
    write_text(docs / FIGURES, json.dumps(figures, indent=1) + "\n")
    text = (docs / PAGE).read_text("utf-8")
    write_text(docs / PAGE, page.with_tables(text, figures))


def training_figures(folder: Path) -> dict[str, Any]:
    """Return how the model was trained, and what that took."""
    seconds = round(recipe.cpu_seconds(folder))
    return {**recorded_recipe(), "cpu_seconds": seconds, "machine": machine()}


def recorded_recipe() -> dict[str, Any]:
    """Return the pictures, with their seeds, and the commands that train on them."""
    cfg = Path("darknet_torch/sample") / recipe.CFG.name
    folder = Path("runs/bundled-model")
    commands = [["dtorch", *recipe.train_words(folder, stage, cfg)] for stage in recipe.STAGES]
    return {
        "pictures": {name: asdict(one) for name, one in recipe.PICTURES.items()},
        "commands": [
            " ".join((*words, *(["--resume"] if number else [])))
            for number, words in enumerate(commands)
        ],
    }


def evaluate(weights: Path, data: Path) -> dict[str, Any]:
    """Return the numbers of `dtorch map --format json` for a data set.

    Raises:
        UsageError: the command failed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "map.json"
        model = ("--cfg", str(recipe.CFG), "--weights", str(weights), "--data", str(data))
        options = ("--threads", "1", "--quiet", "--format", "json", "--out", str(out))
        status = recipe.run_dtorch(["map", *model, *options])
        if status:
            raise UsageError(f"the evaluation ended with status {status}", where=data)
        return json.loads(out.read_bytes())


def held_back_figures(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of the pictures that are held back, averages in 0-1."""
    (darknet,) = evaluation["darknet"]
    total = darknet["total"]
    return {
        "pictures": evaluation["pictures"],
        "objects": darknet["truths"],
        "mAP@0.50": round(darknet["map"], 4),
        "mAP@0.50:0.95": round(evaluation["coco"]["AP"], 4),
        "precision": round(total["precision"], 4),
        "recall": round(total["recall"], 4),
        "classes": {one["name"]: round(one["ap"], 4) for one in darknet["classes"]},
    }


def scene_figures(weights: Path, folder: Path) -> dict[str, Any]:
    """Draw the scenes; return the mAP of all, and the counts of each at a confidence of 0.25."""
    data = draw_scenes(folder)
    pictures = (folder / "scenes.txt").read_text().split()
    evaluation = evaluate(weights, data)
    scenes = {Path(name).stem: _counts(weights, folder, data, name) for name in pictures}
    return {
        "mAP@0.50": round(evaluation["darknet"][0]["map"], 4),
        "mAP@0.50:0.95": round(evaluation["coco"]["AP"], 4),
        "scenes": scenes,
    }


def _counts(weights: Path, folder: Path, data: Path, picture: str) -> dict[str, int]:
    """Count in one scene the objects, those that are found, and detections of nothing."""
    write_text(folder / "one.txt", f"{picture}\n")
    one = folder / "one.data"
    write_text(one, data.read_text().replace("scenes.txt", "one.txt"))
    (darknet,) = evaluate(weights, one)["darknet"]
    total = darknet["total"]
    return {"objects": darknet["truths"], "found": total["tp"], "wrong": total["fp"]}
