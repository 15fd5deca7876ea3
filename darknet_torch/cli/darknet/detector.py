"""`dtorch detector`: Darknet's own command line."""

from __future__ import annotations

import click

from darknet_torch.cli.lazy import LazyGroup

# Command -> (module, function).
_COMMANDS = {
    "calc_anchors": ("darknet_torch.cli.darknet.calc_anchors", "calc_anchors"),
    "demo": ("darknet_torch.cli.darknet.detector_test", "demo"),
    "map": ("darknet_torch.cli.darknet.detector_eval", "map_"),
    "recall": ("darknet_torch.cli.darknet.detector_eval", "recall"),
    "test": ("darknet_torch.cli.darknet.detector_test", "test"),
    "train": ("darknet_torch.cli.darknet.train", "train_"),
    "valid": ("darknet_torch.cli.darknet.detector_eval", "valid"),
}


@click.group(cls=LazyGroup, table=_COMMANDS, short_help="Darknet's own command line.")
def detector() -> None:
    """What `darknet detector` does, with its arguments and flags."""
