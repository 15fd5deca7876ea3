"""`dtorch classifier`: Darknet's own command line."""

from __future__ import annotations

import click

from darknet_torch.cli.lazy import LazyGroup

# Command -> (module, function).
_COMMANDS = {
    "predict": ("darknet_torch.cli.darknet.classifier_predict", "predict"),
    "train": ("darknet_torch.cli.darknet.train", "train_"),
    "valid": ("darknet_torch.cli.darknet.classifier_eval", "valid"),
}


@click.group(cls=LazyGroup, table=_COMMANDS, short_help="Darknet's own command line.")
def classifier() -> None:
    """What `darknet classifier` does, with its arguments and flags."""
