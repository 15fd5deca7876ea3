"""The `dtorch` command."""

from __future__ import annotations

import os
from typing import Any

import click

from darknet_torch import __version__
from darknet_torch.cli.lazy import LazyGroup
from darknet_torch.errors import DarknetError

_INTERRUPTED = 130
_UNUSABLE = 2

# This program reports broken pictures itself. OpenCV reads these when it is imported.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET

# Command -> (module, function); the module is imported when its command is used.
_COMMANDS = {
    "average": ("darknet_torch.cli.weight_files", "average"),
    "check": ("darknet_torch.cli.check", "check"),
    "classify": ("darknet_torch.cli.classify", "classify"),
    "classifier": ("darknet_torch.cli.darknet.classifier", "classifier"),
    "completion": ("darknet_torch.cli.completion", "completion"),
    "convert": ("darknet_torch.cli.convert", "convert"),
    "dataset": ("darknet_torch.cli.dataset", "dataset"),
    "detect": ("darknet_torch.cli.detect", "detect"),
    "detector": ("darknet_torch.cli.darknet.detector", "detector"),
    "doctor": ("darknet_torch.cli.doctor", "doctor"),
    "download": ("darknet_torch.cli.download", "download"),
    "eval": ("darknet_torch.cli.eval", "eval_command"),
    "info": ("darknet_torch.cli.info", "info"),
    "kmeans": ("darknet_torch.cli.kmeans", "kmeans"),
    "map": ("darknet_torch.cli.eval", "eval_command"),
    "new": ("darknet_torch.cli.new", "new"),
    "partial": ("darknet_torch.cli.weight_files", "partial"),
    "rnn": ("darknet_torch.cli.rnn", "rnn"),
    "statistics": ("darknet_torch.cli.weight_files", "statistics"),
    "train": ("darknet_torch.cli.train", "train"),
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


@click.group(
    cls=Commands, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="dtorch")
def main() -> None:
    """Run Darknet's own models: original .cfg and .weights files, the same numbers."""
