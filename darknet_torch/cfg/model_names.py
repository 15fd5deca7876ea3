"""What the names of a model's files say: the kind of each file, and which model it belongs to."""

from __future__ import annotations

import enum
import re
from pathlib import Path

from darknet_torch.cfg.zoo import is_partial_name, partial_stem
from darknet_torch.text import is_file, open_to_read

DARKNET_SUFFIXES = (".weights",)
STATE_DICT_SUFFIXES = (".pt", ".pth")
SAFETENSORS_SUFFIXES = (".safetensors",)
# Graphs are written, and run without this package; they are not read.
GRAPH_SUFFIXES = {
    "ONNX": (".onnx",),
    "TorchScript": (".torchscript", ".ts"),
    "torch.export": (".pt2",),
}
_BACKUP = ".backup"  # pjreddie's name for the weights of a training that goes on

# What trainings add to the name of a cfg, and what browsers add to a second download.
_ADDED = re.compile(
    r"(?:_(?:best|last|final|previous|ema|earlier(?:-\d+)?|\d+)| ?\(\d+\))$", re.IGNORECASE
)
_PUT_ASIDE = re.compile(r"_earlier(?:-\d+)?$")
_ARCHIVE_STARTS = (b"PK", b"\x80")  # of zip files and of pickles


class ModelFileKind(enum.Enum):
    """The kinds of files of a model; the values are their names in messages."""

    CFG = "cfg"
    WEIGHTS = "weights"
    NAMES = "names"
    DATA = "data"


_KINDS: dict[str, ModelFileKind | None] = {
    ".cfg": ModelFileKind.CFG,
    ".names": ModelFileKind.NAMES,
    ".data": ModelFileKind.DATA,
    **dict.fromkeys(
        (
            *(*DARKNET_SUFFIXES, _BACKUP, *STATE_DICT_SUFFIXES, *SAFETENSORS_SUFFIXES),
            *(suffix for suffixes in GRAPH_SUFFIXES.values() for suffix in suffixes),
        ),
        ModelFileKind.WEIGHTS,
    ),
    ".ts": None,  # far more often a video than a graph
}


def kind_of(path: Path) -> ModelFileKind | None:
    """Return which file of a model a path names by its suffix; None for no such suffix."""
    return ModelFileKind.WEIGHTS if is_partial_name(path) else _KINDS.get(path.suffix.lower())


def can_run(weights: Path) -> bool:
    """Whether a file of weights, by its name, holds all layers and can be read."""
    return not is_partial_name(weights) and graph_kind(weights) is None


def is_put_aside(weights: Path) -> bool:
    """Whether a training has put these weights of an earlier run aside."""
    return _PUT_ASIDE.search(weights.stem) is not None


def graph_kind(path: Path) -> str | None:
    """Return the kind of graph that a file is by its suffix, such as "ONNX"; None for none."""
    suffix = path.suffix.lower()
    return next((kind for kind, known in GRAPH_SUFFIXES.items() if suffix in known), None)


def contains_cfg(weights: Path) -> bool:
    """Whether a file of weights is of a kind that can contain its cfg: .pt or .safetensors."""
    suffix = weights.suffix.lower()
    if suffix in SAFETENSORS_SUFFIXES:
        return True
    return suffix in STATE_DICT_SUFFIXES or starts_as_archive(weights)


def starts_as_archive(path: Path) -> bool:
    """Whether a file starts as those that `torch.save` writes, whatever its suffix."""
    if not is_file(path):
        return False
    try:
        with open_to_read(path) as file:
            return file.read(4).startswith(_ARCHIVE_STARTS)
    except OSError:
        return False  # the reader reports why the file cannot be read


def model_stems(path: Path) -> list[str]:
    """Return the names that the model of a file may have, the file's own first.

    ``x_1000_best.weights`` gives x_1000_best, x_1000 and x: what trainings add to the name of
    their cfg is removed step by step.
    """
    stem = partial_stem(path)
    stems = [stem]
    while (stem := _ADDED.sub("", stems[-1])) not in ("", stems[-1]):
        stems.append(stem)
    return stems
