"""The commands whose writes are made to fail, with the files that they need."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2

from tests.cli.box_data import write_box_data
from tests.media.sample_videos import sample_frames, write_video
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS
from tests.training.runs import DETECTOR, detector_data


@dataclass(frozen=True)
class Command:
    """A command in a folder.

    Attributes:
        words: of the command line; paths are relative to the folder.
        prepare: fills the folder, which moves afterwards.
        again: words that a second run in the same folder needs.
        grows: endings of the names of files to which lines are added.
        moments: endings of the names of files that differ with the moment at which a run stops.
        optional: endings of the names of files without which the command succeeds, with a warning.
        new_folder: its output, which must not be there before.
    """

    words: tuple[str, ...]
    prepare: Callable[[Path], None]
    again: tuple[str, ...] = ()
    grows: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    new_folder: str = ""

    @property
    def name(self):
        return "-".join(self.words[: 2 if self.words[0] in ("dataset", "cache") else 1])


def _boxes(folder):
    write_box_data(folder)
    (folder / "train.list").write_text("".join(f"{number}.jpg\n" for number in range(6)))


def write_toy(folder):
    for path in (CFG, WEIGHTS, NAMES):
        shutil.copy(path, folder / path.name.replace("toy-shapes", "toy"))
    shutil.copy(PICTURE, folder / "one.png")
    write_video(folder / "clip.avi", sample_frames(3))


def write_squares(folder):
    """A data set with paths from the working folder."""
    detector_data(folder / "data")
    detector_data(folder / "data", 3, "valid")
    _make_relative(folder, "data")
    (folder / "small.cfg").write_text(DETECTOR)


def _make_relative(folder, data):
    for path in (folder / data).glob("*"):
        if path.suffix in (".data", ".txt"):
            path.write_text(path.read_text().replace(f"{folder}/", ""))


def _two_sets(folder):
    for name in ("data", "more"):
        detector_data(folder / name, 2)
        _make_relative(folder, name)


def label_toy(folder):
    write_toy(folder)
    image = cv2.imread(str(PICTURE))
    for number in range(2):
        cv2.imwrite(str(folder / f"view{number}.png"), image)
        (folder / f"view{number}.txt").write_text("0 .3 .3 .2 .2\n1 .6 .6 .2 .2\n")
    (folder / "valid.txt").write_text("view0.png\nview1.png\n")
    (folder / "toy.data").write_text("classes=3\nvalid=valid.txt\nnames=toy.names\n")


LIGHT = (
    Command(
        ("dataset", "convert", "data/squares.data", "--to", "coco", "--out", "coco"),
        write_squares,
        new_folder="coco",
    ),
    Command(
        ("dataset", "split", "data/squares.data", "--out", "parts"),
        write_squares,
        new_folder="parts",
    ),
    Command(
        ("dataset", "merge", "data/squares.data", "more/squares.data", "--out", "voc"),
        _two_sets,
        new_folder="voc",
    ),
    Command(
        ("kmeans", "--write", "toy.cfg", "--data", "toy.data", "--out", "anchors.json"), _boxes
    ),
)
HEAVY = (
    Command(
        ("new", "yolov4-tiny", "--classes", "3", "--names", "toy.names", "--out", "new.cfg"),
        write_toy,
        again=("--force",),
    ),
    Command(("convert", "toy.weights", "toy.safetensors", "--cfg", "toy.cfg"), write_toy),
    Command(
        (
            *("detect", "toy.cfg", "toy.weights", "toy.names", "one.png", "clip.avi"),
            *("--save", "saved", "--crops", "crops", "--out", "found.json"),
            *("--report", "page", "--quiet", "--threads", "1"),
        ),
        write_toy,
        optional=("predictions.jpg",),
    ),
    Command(
        (
            *("eval", "--cfg", "toy.cfg", "--weights", "toy.weights", "--data", "toy.data"),
            *("--export", "out", "--report", "page", "--plots", "plots", "--out", "eval.json"),
            *("--quiet", "--threads", "1"),
        ),
        label_toy,
    ),
    Command(
        (
            *("train", "small.cfg", "data/squares.data", "--backup", "backup", "--map"),
            *("--workers", "0", "--save-last", "2", "--threads", "1", "--map-every", "1"),
        ),
        write_squares,
        again=("--overwrite",),
        grows=("_results.csv", "_events.jsonl"),
        moments=(".weights", ".state", "_environment.json", "_plan.json", ".png"),
        optional=(".png", "_environment.json", "_results.csv", "_events.jsonl"),
    ),
)
