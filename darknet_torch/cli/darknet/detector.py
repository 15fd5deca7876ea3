"""`dtorch detector`: Darknet's own command line."""

from __future__ import annotations

import click

from darknet_torch.cli.lazy import LazyCommand, LazyGroup

_COMMANDS = {
    "calc_anchors": LazyCommand(
        "darknet.calc_anchors", "calc_anchors", "Find anchors for a data set."
    ),
    "demo": LazyCommand(
        "darknet.detector_test", "demo", "Find objects in a video, a stream or a camera."
    ),
    "map": LazyCommand("darknet.detector_eval", "map_", "Average precision, in Darknet's words."),
    "recall": LazyCommand("darknet.detector_eval", "recall", "Recall of boxes of any class."),
    "test": LazyCommand("darknet.detector_test", "test", "Find objects in pictures."),
    "train": LazyCommand("darknet.train", "train_", "Train a detector."),
    "valid": LazyCommand(
        "darknet.detector_eval", "valid", "Write detections as results of VOC or COCO."
    ),
}
# What to do instead of the commands that are not here.
_ABSENT = {
    "draw": "annotate pictures with dtorch detect --save DIR",
    "valid2": "use dtorch detector valid, without the mirrored pictures",
}


@click.group(cls=LazyGroup, table=_COMMANDS, absent=_ABSENT)
def detector() -> None:
    """Commands of `darknet detector`, with its arguments and flags."""
