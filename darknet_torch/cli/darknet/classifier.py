"""`dtorch classifier`: Darknet's own command line."""

from __future__ import annotations

import click

from darknet_torch.cli.lazy import LazyCommand, LazyGroup

_COMMANDS = {
    "predict": LazyCommand("darknet.classifier_predict", "predict", "Classify pictures."),
    "train": LazyCommand("darknet.train", "train_", "Train a classifier."),
    "valid": LazyCommand(
        "darknet.classifier_eval", "valid", "Measure the accuracy of a classifier."
    ),
}
_PREDICT = "classify pictures with dtorch classifier predict"
_VALID = "measure the accuracy with dtorch classifier valid"
# What to do instead of the commands that are not here.
_ABSENT = {
    "csv": f"{_PREDICT} --format json",
    "demo": f"{_PREDICT}; save frames of a video as pictures first",
    "fout": f"{_PREDICT} --format json",
    "gun": f"{_PREDICT}; save frames of a video as pictures first",
    "label": f"{_PREDICT} --format json",
    "test": f"{_PREDICT} --format json",
    "threat": f"{_PREDICT}; save frames of a video as pictures first",
    "try": _PREDICT,
    "valid10": _VALID,
    "validcrop": _VALID,
    "validfull": _VALID,
    "validmulti": _VALID,
}


@click.group(cls=LazyGroup, table=_COMMANDS, absent=_ABSENT)
def classifier() -> None:
    """Commands of `darknet classifier`, with its arguments and flags."""
