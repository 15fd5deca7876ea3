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


@click.group(cls=LazyGroup, table=_COMMANDS)
def classifier() -> None:
    """Commands of `darknet classifier`, with its arguments and flags."""
