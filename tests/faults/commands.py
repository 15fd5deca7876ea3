"""The commands whose writes are made to fail: a row for each kind of output."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.folders import (
    label_toy,
    write_boxes,
    write_characters,
    write_classifier,
    write_photos,
    write_prepared,
    write_published,
    write_runs,
    write_squares,
    write_toy,
    write_two_sets,
)


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
        together: after an error none of its new files is there, or all are.
        partial: endings of the names of files whose beginning is kept for a later run.
        status: of a run in which nothing fails; 1 of one that reports what it has found.
        replaces: results of an earlier run, rather than to refuse them or to choose other names.
        removes: what it removes gets a temporary name first, which stays if it is stopped.
        label: of several rows of one command.
    """

    words: tuple[str, ...]
    prepare: Callable[[Path], None]
    again: tuple[str, ...] = ()
    grows: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    new_folder: str = ""
    together: bool = False
    partial: tuple[str, ...] = ()
    status: int = 0
    replaces: bool = False
    removes: bool = False
    label: str = ""

    @property
    def name(self):
        number = 2 if self.words[0] in ("dataset", "cache", "classifier", "rnn") else 1
        return "-".join([*self.words[:number], *self.label.split()])


MODEL = ("toy.cfg", "toy.weights", "toy.names")
# A model prepared for an engine; where the cache takes none it serves one run, and a note says so.
_ENGINE_FILES = ("graph.onnx", "compiled.blob", "difference.json", "entry.json")
LIGHT = (
    Command(
        ("dataset", "convert", "data/squares.data", "--to", "coco", "--out", "coco"),
        write_squares,
        new_folder="coco",
        together=True,
    ),
    Command(
        ("dataset", "split", "data/squares.data", "--out", "parts"),
        write_squares,
        new_folder="parts",
        together=True,
    ),
    Command(
        ("dataset", "merge", "data/squares.data", "more/squares.data", "--out", "voc"),
        write_two_sets,
        new_folder="voc",
        together=True,
    ),
    Command(
        ("kmeans", "--write", "toy.cfg", "--data", "toy.data", "--out", "anchors.json"),
        write_boxes,
    ),
    # Without a list to evaluate on, for which near duplicates are looked for among the pictures
    # that can be read.
    Command(("dataset", "init", "photos", "--valid", "0"), write_photos, together=True),
    Command(
        ("dataset", "augment", "data/squares.data", "more", "--times", "1"),
        write_squares,
        new_folder="more",
        together=True,
    ),
    Command(
        ("dataset", "show", "data/squares.data", "--out", "sheet.png"),
        write_squares,
        replaces=True,
    ),
    Command(
        ("dataset", "stats", "data/squares.data", "--out", "stats.json", "--plot", "sizes.png"),
        write_squares,
        replaces=True,
    ),
    Command(
        ("dataset", "check", "data/squares.data", "--out", "found.json"),
        write_squares,
        replaces=True,
    ),
    Command(("lr-plot", "small.cfg", "--out", "rate.png"), write_squares, replaces=True),
    Command(("download", "toy", "--quiet"), write_published, partial=(".part", ".part.json")),
    Command(("cache", "clear"), write_prepared, removes=True),
)
HEAVY = (
    Command(("info", "toy.cfg", "--graph", "graph.svg"), write_toy, replaces=True),
    Command(
        ("check", "small.cfg", "data/squares.data", "--out", "c.json"),
        write_squares,
        status=1,
        replaces=True,
    ),
    Command(
        ("average", "toy.cfg", "mean.weights", "toy.weights", "toy.weights"),
        write_toy,
        replaces=True,
    ),
    Command(("partial", "toy.cfg", "toy.weights", "first.weights", "2"), write_toy, replaces=True),
    Command(
        (
            *("classify", "--cfg", "c.cfg", "--weights", "c.weights", "--data", "c.data"),
            *("valid.txt", "--out", "classes.json", "--quiet"),
        ),
        write_classifier,
        replaces=True,
    ),
    Command(
        (
            *("classifier", "valid", "c.data", "c.cfg", "c.weights", "--export", "out"),
            *("--report", "page", "--plots", "plots", "--out", "eval.json"),
        ),
        write_classifier,
        replaces=True,
    ),
    Command(
        ("detect", *MODEL, "view0.png", "view1.png", "--format", "txt", "--out", "labels"),
        label_toy,
        optional=("predictions.jpg",),
        label="txt",
    ),
    Command(
        ("detect", *MODEL, "one.png", "--plots", "plots", "--out", "found.csv", "--quiet"),
        write_toy,
        optional=("predictions.jpg",),
        label="plots",
    ),
    *(
        Command(
            ("detect", *MODEL, "one.png", "--backend", engine, "--out", "found.json"),
            write_toy,
            optional=("predictions.jpg", *_ENGINE_FILES),
            label=engine,
        )
        for engine in ("onnxruntime", "openvino")
    ),
    Command(
        (
            *("bench", "toy.cfg", "toy.weights", "--backend", "onnxruntime", "--batch", "1"),
            *("--rounds", "1", "--seconds", "0", "--out", "bench.json", "--threads", "1"),
        ),
        write_toy,
        optional=_ENGINE_FILES,
    ),
    Command(("report", "one", "two", "--out", "page", "--plots", "plots"), write_runs),
    Command(
        ("rnn", "train", "c.cfg", "-file", "text.txt", "--backup", "backup", "--threads", "1"),
        write_characters,
        again=("--overwrite",),
        grows=("_results.csv", "_events.jsonl"),
        moments=(".weights", ".state", "_environment.json", "_plan.json", ".png"),
        optional=(".png", "_environment.json", "_results.csv", "_events.jsonl"),
    ),
    Command(
        ("new", "yolov4-tiny", "--classes", "3", "--names", "toy.names", "--out", "new.cfg"),
        write_toy,
        again=("--force",),
    ),
    Command(
        ("convert", "toy.weights", "toy.safetensors", "--cfg", "toy.cfg"),
        write_toy,
        moments=(".safetensors",),  # its two notes come in any order
        replaces=True,
    ),
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
            *("--threads", "1"),  # warnings of labels that cannot be read are wanted
        ),
        label_toy,  # a page that is not of this program is refused, not replaced
    ),
    Command(
        (
            *("train", "small.cfg", "data/squares.data", "--backup", "backup", "--map"),
            *("--workers", "0", "--save-last", "2", "--threads", "1", "--map-every", "1"),
            *("--time-limit", "1h"),
        ),
        write_squares,
        again=("--overwrite",),
        grows=("_results.csv", "_events.jsonl"),
        moments=(".weights", ".state", "_environment.json", "_plan.json", ".png"),
        optional=(".png", "_environment.json", "_results.csv", "_events.jsonl"),
    ),
)
