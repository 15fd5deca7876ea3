"""The `dtorch` command."""

from __future__ import annotations

import os
from typing import Any

import click

from darknet_torch import __version__
from darknet_torch.cli.lazy import LazyCommand, LazyGroup
from darknet_torch.errors import DarknetError
from darknet_torch.input_files import protected_inputs

_INTERRUPTED = 130
_UNUSABLE = 2

# This program reports broken pictures itself. OpenCV reads these when it is imported.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET

_COMMANDS = {
    "average": LazyCommand("weight_files", "average", "Average weight files."),
    "check": LazyCommand("check", "check", "Find mistakes in a cfg, weights and data."),
    "classify": LazyCommand("classify", "classify", "Classify pictures."),
    "classifier": LazyCommand("darknet.classifier", "classifier", "Darknet's own command line."),
    "completion": LazyCommand(
        "completion", "completion", "Make your shell complete commands and options."
    ),
    "convert": LazyCommand(
        "convert", "convert", "Convert models: .weights, .pt, .safetensors, .onnx, ..."
    ),
    "dataset": LazyCommand(
        "dataset", "dataset", "Convert, check, count, show and split data sets."
    ),
    "detect": LazyCommand("detect", "detect", "Find objects in pictures and videos."),
    "detector": LazyCommand("darknet.detector", "detector", "Darknet's own command line."),
    "doctor": LazyCommand("doctor", "doctor", "Check whether this installation works."),
    "download": LazyCommand("download", "download", "Fetch published weights."),
    "eval": LazyCommand("eval", "eval_command", "Average precision by every convention."),
    "info": LazyCommand("info", "info", "Show a network's layers."),
    "kmeans": LazyCommand("kmeans", "kmeans", "Find anchors for a data set."),
    "map": LazyCommand("eval", "eval_command", "Average precision by every convention."),
    "new": LazyCommand("new", "new", "Make a cfg for your own classes."),
    "partial": LazyCommand("weight_files", "partial", "Keep the first layers of a weight file."),
    "rnn": LazyCommand("rnn", "rnn", "Run and train character models."),
    "statistics": LazyCommand(
        "weight_files", "statistics", "Show statistics of the arrays of a weight file."
    ),
    "train": LazyCommand("train", "train", "Train a network."),
}


class Commands(LazyGroup):
    """The commands; an error that the user can cause is reported in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DarknetError as error:
            click.echo(f"dtorch: {error}", err=True)
            ctx.exit(_UNUSABLE)
        except MemoryError as error:
            click.echo(f"dtorch: out of memory: {error}; use smaller sizes", err=True)
            ctx.exit(_UNUSABLE)
        except KeyboardInterrupt:
            click.echo("dtorch: interrupted", err=True)
            ctx.exit(_INTERRUPTED)
        finally:
            protected_inputs.clear()


@click.group(
    cls=Commands, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="dtorch")
def main() -> None:
    """Run Darknet's own models: original .cfg and .weights files, the same numbers."""
