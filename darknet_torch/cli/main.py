"""The `dtorch` command."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import click

from darknet_torch import __version__
from darknet_torch.cli.darknet.absent import ABSENT, PROGRAMS
from darknet_torch.cli.lazy import LazyCommand, LazyGroup
from darknet_torch.cli.reporting import report_other_warnings
from darknet_torch.cli.standard_streams import drop_unread_output, open_missing_streams
from darknet_torch.cli.terminal import closing_display, echo
from darknet_torch.errors import DarknetError, format_message
from darknet_torch.input_files import protected_inputs
from darknet_torch.interruption import Interrupted, raising_interrupted
from darknet_torch.media.picture_limits import DEFAULT_MAX_PIXELS, VARIABLE, max_pixels
from darknet_torch.other_names import COMMANDS
from darknet_torch.printable import escape_controls

_UNUSABLE = 2
_SMALLER = "use smaller sizes or files"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # a disk that takes no more

# This program reports broken pictures itself. OpenCV reads these when it is imported.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
os.environ.setdefault(VARIABLE, str(DEFAULT_MAX_PIXELS))

_COMMANDS = {
    "average": LazyCommand("weight_files", "average", "Average weight files."),
    "bench": LazyCommand("bench", "bench", "Compare PyTorch and other engines on this machine."),
    "cache": LazyCommand("cache", "cache", "Show and remove models prepared for engines."),
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
    "help": LazyCommand("about", "help_command", "Print the help of a command."),
    "info": LazyCommand("info", "info", "Show a network's layers."),
    "kmeans": LazyCommand("kmeans", "kmeans", "Find anchors for a data set."),
    "lr-plot": LazyCommand("lr_plot", "lr_plot", "Draw the learning rate over a training."),
    "map": LazyCommand("eval", "eval_command", "Average precision by every convention."),
    "new": LazyCommand("new", "new", "Make a cfg for your own classes."),
    "partial": LazyCommand("weight_files", "partial", "Keep the first layers of a weight file."),
    "report": LazyCommand("report", "report", "Compare trainings side by side on a page."),
    "rnn": LazyCommand("rnn", "rnn", "Run and train character models."),
    "statistics": LazyCommand(
        "weight_files", "statistics", "Show statistics of the arrays of a weight file."
    ),
    "train": LazyCommand("train", "train", "Train a network."),
    "version": LazyCommand("about", "version", "Print the version."),
}


class Commands(LazyGroup):
    """The commands; an error that the user can cause is reported in one line."""

    def main(self, *args: Any, **extra: Any) -> Any:
        open_missing_streams()
        with _reported_errors():  # of printing click's own errors
            return super().main(*args, **extra)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _reported_errors():  # --help and --version print here
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with (
                _reported_errors(),
                raising_interrupted(),
                report_other_warnings(),
                closing_display(),
            ):
                max_pixels()  # of an unusable variable OpenCV would end the program
                return super().invoke(ctx)
        finally:
            protected_inputs.clear()


@contextmanager
def _reported_errors() -> Iterator[None]:
    """End the program with a message for each error that the user or the system can cause.

    Raises:
        SystemExit: after such an error.
        click.ClickException: one of click, which prints it; with a message that can be printed.
    """
    try:
        yield
    except click.ClickException as error:
        vars(error).update(message=escape_controls(error.message))  # it is declared final
        raise
    except DarknetError as error:
        _end(_UNUSABLE, str(error))
    except MemoryError as error:
        _end(_UNUSABLE, format_message("out of memory", got=str(error) or None, fix=_SMALLER))
    except Interrupted as stop:
        _end(stop.exit_status, str(stop))
    except KeyboardInterrupt:
        _end(Interrupted().exit_status, str(Interrupted()))
    except BrokenPipeError:
        gone = Interrupted.without_reader()
        _end(gone.exit_status, str(gone))
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _end(_UNUSABLE, _no_room_message(error))


def _no_room_message(error: OSError) -> str:
    """The message for a write that failed; an error without a file comes from a stream."""
    return format_message(
        "cannot be written",
        where=error.filename or "the output",
        expected="room on the disk",
        got=error.strerror,
        fix="make room, or write to another disk",
    )


def _end(status: int, message: str) -> NoReturn:
    """End the program with a message, which perhaps cannot be written either."""
    with suppress(OSError):
        echo(f"dtorch: {message}", err=True)
    drop_unread_output()
    raise SystemExit(status)


@click.group(
    cls=Commands,
    table=_COMMANDS,
    absent={**ABSENT, **PROGRAMS},
    other_names=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, prog_name="dtorch")
def main() -> None:
    """Run Darknet's own models: original .cfg and .weights files, the same numbers."""
