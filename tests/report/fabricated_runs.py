"""Folders of trainings, written by hand."""

import csv
import json

from darknet_torch.report.run_folders import RunFolder
from darknet_torch.report.runs import read_run
from darknet_torch.training.plan import TrainPlan

CFG = """[net]
width=32
height=32
batch=4
learning_rate=.01
max_batches=4
[convolutional]
filters=18
size=3
[yolo]
mask=0
classes=1
"""
ROWS = (
    {"iteration": 1, "loss": 9.0, "average_loss": 9.0, "rate": 0.001, "images_per_second": 5.0},
    {"iteration": 2, "loss": 4.0, "average_loss": 8.5, "rate": 0.002, "images_per_second": 6.0}
    | {"valid/mAP@0.50": 0.25, "valid/AP cat": 0.25, "valid/validation loss": 7.0},
    {"iteration": 3, "loss": 5.0, "average_loss": 8.0, "rate": 0.002, "images_per_second": 7.0}
    | {"valid/mAP@0.50": 0.75, "valid/AP cat": 0.75, "valid/validation loss": 6.0},
    {"iteration": 4, "loss": 3.0, "average_loss": 7.5, "rate": 0.001, "images_per_second": 8.0}
    | {"valid/mAP@0.50": 0.5, "valid/AP cat": 0.5, "valid/validation loss": 6.5},
)
START = {
    "folder": "/elsewhere",
    "versions": {"torch": "2.9.1", "CUDA": None},
    "processor": "a processor",
    "content": {"training data": "6 pictures (0123)"},
}


def event(name, minute, iteration, **more):
    return {"event": name, "time": f"2026-01-01T00:{minute:02}:00+00:00"} | {
        "iteration": iteration,
        **more,
    }


EVENTS = (
    event("start", 0, 0, max_batches=4),
    event("iteration", 2, 2),
    event("interrupt", 3, 2),
    event("start", 30, 2, max_batches=4),
    event("iteration", 34, 4),
    event("end", 35, 4, problems={}),
    event("message", 35, 4, text="done"),
)


def write_run(folder, base="custom", *, rows=ROWS, cfg=CFG, start=START, events=EVENTS, **plan):
    """Write the files of a training, without weights."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / f"{base}_results.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    given = {"cfg": f"{base}.cfg", "data": "custom.data", "base": base, "backup": str(folder)}
    text = json.dumps(TrainPlan(**{**given, **plan}).to_dict())
    (folder / f"{base}_plan.json").write_text(text)
    (folder / f"{base}_environment.json").write_text(json.dumps({"starts": [{}, start]}))
    lines = "".join(f"{json.dumps(one)}\n" for one in events)
    (folder / f"{base}_events.jsonl").write_text(lines)
    (folder / f"{base}.cfg").write_text(cfg)
    return folder


def written_run(folder, label="a", **more):
    """Write the files of a training, and read them."""
    return read_run(RunFolder(write_run(folder, **more), "custom"), label)
