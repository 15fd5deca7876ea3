"""Groups of options that several commands share. No torch.

Each group is a frozen dataclass of values and, next to it, the click options that they come
from. A command's own dataclass inherits from the groups that it uses, and `parsed_into` turns
the command's parameters into it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from darknet_torch.arguments import DEVICES
from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.size_limits import allowing_large_networks
from darknet_torch.cli.input_protection import protect_named_inputs
from darknet_torch.cli.log_file import output_to
from darknet_torch.cli.parameter_types import (
    BATCH_SIZE,
    FRACTION,
    NOT_NEGATIVE,
    OUTPUT,
    OUTPUT_FILE,
    PATH,
    POSITIVE,
    SIGNED_SEED,
)
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.value_completion import complete_cfg, complete_device, complete_weights
from darknet_torch.cpu.cores import MOST_THREADS
from darknet_torch.engines.names import AUTO, BACKENDS
from darknet_torch.media.picture_limits import DEFAULT_MAX_PIXELS, VARIABLE
from darknet_torch.ops.precision_names import FLOAT32, INT8, PRECISIONS

_FILE_FORMATS = ("json", "jsonl", "csv")  # that files have as their suffix
_F = TypeVar("_F", bound=Callable[..., Any])
_OptionsType = TypeVar("_OptionsType")
_QUIET = "darknet_torch.quiet"  # key in the memory of the running command


def parsed_into(
    options_type: Callable[..., _OptionsType],
) -> Callable[[Callable[[_OptionsType], None]], Callable[..., None]]:
    """Decorate a command's function, so that it takes one dataclass instead of keywords.

    Before the function runs, the files that the parameters name as inputs are protected.

    Args:
        options_type: the dataclass; its fields are called as the command's parameters.
    """

    def decorate(function: Callable[[_OptionsType], None]) -> Callable[..., None]:
        @functools.wraps(function)
        def callback(**values: Any) -> None:
            protect_named_inputs()
            click.get_current_context().meta[_QUIET] = bool(values.get("quiet"))
            large = allowing_large_networks(bool(values.get("allow_large")))
            with large, output_to(values.get("log")):
                function(options_type(**values))

        return callback

    return decorate


def is_quiet(context: click.Context) -> bool:
    """Whether the command that runs has --quiet; its group has the same memory, in all threads.

    Args:
        context: that of the command, or of a group that contains it.
    """
    return bool(context.params.get("quiet")) or bool(context.meta.get(_QUIET))


def all_options(*decorators: Callable[[Any], Any]) -> Callable[[_F], _F]:
    """Return several options as one decorator, in this order."""

    def decorate(function: _F) -> _F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def quiet_option(text: str) -> Callable[[_F], _F]:
    """Return --quiet with this help; it is read first, for options that print a note."""
    return click.option("--quiet", is_flag=True, is_eager=True, help=text)


verbose_option = click.option("--verbose", is_flag=True, help="Print more about what is loaded.")
strict_option = click.option("--strict", is_flag=True, help="Treat warnings as errors.")
allow_large_option = click.option(
    "--allow-large",
    is_flag=True,
    help="Build a network that takes more than 80 % of the free memory, or 1e13 operations.",
)
DIALECT_HELP = "Whose code is followed where the two Darknets disagree: see docs/dialects.md."
dialect_option = click.option(
    "--dialect",
    type=click.Choice(list(DIALECTS)),
    default="alexeyab",
    show_default=True,
    help=DIALECT_HELP,
)


@dataclass(frozen=True, kw_only=True)
class ReportingOptions:
    """Options for reporting warnings and remarks.

    Attributes:
        strict: warnings about the cfg and the data are errors.
        quiet: print neither warnings nor remarks.
        log: the file that takes all output; see `output_to`.
    """

    strict: bool = False
    quiet: bool = False
    log: str | None = None

    def print_remark(self, text: str) -> None:
        """Print a line to standard error, unless --quiet."""
        if not self.quiet:
            echo(text, err=True)


@dataclass(frozen=True, kw_only=True)
class CfgOptions(ReportingOptions):
    """The network; see `cfg_options`."""

    cfg: str | None
    dialect: str
    width: int | None
    height: int | None
    allow_leftover: bool
    allow_large: bool


cfg_options = all_options(
    click.option(
        "--cfg",
        type=PATH,
        metavar="CFG",
        shell_complete=complete_cfg,
        help="The network: a path, or the name of a shipped one.",
    ),
    dialect_option,
    click.option("--width", type=POSITIVE, help="Input width, instead of the cfg's."),
    click.option("--height", type=POSITIVE, help="Input height, instead of the cfg's."),
    click.option("--allow-leftover", is_flag=True, help="Accept a weight file that is too long."),
    allow_large_option,
    click.option("--strict", is_flag=True, help="Treat warnings about the cfg as errors."),
)


@dataclass(frozen=True, kw_only=True)
class ModelOptions(CfgOptions):
    """The network, its weights, and how to report on them; see `network_options`.

    Attributes:
        taken: what was found by the name of another file, for messages.
    """

    weights: str | None
    verbose: bool
    taken: tuple[str, ...] = ()


network_options = all_options(
    cfg_options,
    click.option(
        "--weights",
        type=PATH,
        metavar="FILE",
        shell_complete=complete_weights,
        help="Its weights, a path or the name of downloaded ones [default: <cfg>.weights]; "
        "without --cfg the cfg is found by their name.",
    ),
)


def _limit_pixels(context: click.Context, parameter: click.Parameter, given: int | None) -> None:
    """Set the most pixels of a picture for this command and the processes that it starts."""
    if given is not None:
        before = os.environ.get(VARIABLE, str(DEFAULT_MAX_PIXELS))
        os.environ[VARIABLE] = str(given)
        context.call_on_close(lambda: os.environ.__setitem__(VARIABLE, before))


max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(1, 10**10),
    metavar="N",
    callback=_limit_pixels,
    expose_value=False,
    help=f"Refuse pictures of more pixels, by their header [default: {DEFAULT_MAX_PIXELS}].",
)
reading_options = all_options(
    click.option(
        "--exif/--no-exif",
        default=True,
        help="Rotate pictures according to EXIF; labels of the stored pixels need --no-exif.",
    ),
    max_pixels_option,
)


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """The device; see `device_option`."""

    device: str


device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    shell_complete=complete_device,
    help=f"{DEVICES}; mps, Apple's GPU, is unverified.",
)
_PRECISION_HELP = (
    "The numbers in which layers are computed; tf32 differs from float32 on NVIDIA's GPUs alone"
)


def _precision_option(*names: str, meaning: str) -> Callable[[Any], Any]:
    return click.option(
        "--precision", type=click.Choice(names), default=FLOAT32, show_default=True, help=meaning
    )


precision_option = _precision_option(*PRECISIONS, meaning=f"{_PRECISION_HELP}.")
workers_option = click.option(
    "--workers",
    type=NOT_NEGATIVE,
    default=2,
    show_default=True,
    help="Threads that read pictures.",
)

threads_option = click.option(
    "--threads",
    type=click.IntRange(1, MOST_THREADS),
    help="Threads for computation [default: OMP_NUM_THREADS, else as many as are fastest now].",
)


@dataclass(frozen=True, kw_only=True)
class RunOptions(DeviceOptions):
    """Options for running a network over pictures; see `run_options`.

    Attributes:
        batch: the number that --batch gives, or `AUTO_BATCH`; see `choose_batch_size`.
    """

    precision: str
    optimize: bool
    backend: str
    batch: int | str
    workers: int
    threads: int | None
    seed: int | None


def _backend_option(*names: str) -> Callable[[Any], Any]:
    return click.option(
        "--backend",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="What runs the network; engines are prepared when they are first used"
        + ("; auto: the fastest that is prepared." if AUTO in names else "."),
    )


_run_options = all_options(
    device_option,
    _precision_option(
        *PRECISIONS,
        INT8,
        meaning=f"{_PRECISION_HELP}, int8 is prepared by dtorch bench for engines alone.",
    ),
    click.option(
        "--optimize/--no-optimize",
        default=True,
        show_default=True,
        help="Fold normalisation, pack weights and fuse activations, on CPUs.",
    ),
    click.option(
        "--batch",
        type=BATCH_SIZE,
        metavar="N|auto",
        default=1,
        show_default=True,
        help="Pictures per batch; auto measures which size is fastest.",
    ),
    workers_option,
    threads_option,
    click.option("--seed", type=SIGNED_SEED, help="Seed of the random numbers."),
)
run_options = all_options(_run_options, _backend_option(AUTO, *BACKENDS))
comparable_run_options = all_options(_run_options, _backend_option(*BACKENDS))


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """Options for preparing pictures; see `picture_options`."""

    letterbox: bool | None
    exif: bool


letterbox_option = click.option(
    "--letterbox/--stretch",
    default=None,
    help="Keep the aspect ratio of pictures, or not [default: as the cfg and the dialect say].",
)
picture_options = all_options(
    letterbox_option,
    reading_options,
)


@dataclass(frozen=True, kw_only=True)
class OverlapOptions(PictureOptions):
    """Options for preparing pictures and dropping overlapping boxes; see `overlap_options`."""

    nms_threshold: float
    resize: str | None


overlap_options = all_options(
    click.option(
        "--nms-threshold",
        type=FRACTION,
        default=0.45,
        show_default=True,
        help="Drop boxes that overlap a better one by more than this IoU; 0 keeps all.",
    ),
    click.option(
        "--resize",
        type=click.Choice(["darknet", "opencv"]),
        help="How to resize pictures [default: darknet; opencv for stretched video frames].",
    ),
    picture_options,
)


@dataclass(frozen=True, kw_only=True)
class ReportFormatOptions(ReportingOptions):
    """The form of a report; see `report_format_options`."""

    output_format: str
    as_json: bool

    @property
    def is_json(self) -> bool:
        """Whether the report is JSON."""
        return self.as_json or self.output_format == "json"


report_format_options = all_options(
    click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="The format of the report.",
    ),
    click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
)


def threshold_option(text: str) -> Callable[[_F], _F]:
    """Return --threshold with this help, also as Darknet writes it."""
    return click.option(
        "--threshold",
        "--thresh",
        "-thresh",
        "threshold",
        type=FRACTION,
        default=0.25,
        show_default=True,
        help=text,
    )


@dataclass(frozen=True, kw_only=True)
class OutputOptions(ReportingOptions):
    """The format and the file of results; see `output_options`."""

    output_format: str
    out: str | None
    verbose: bool


def output_options_for(*formats: str, into_folder: bool = False) -> Callable[[_F], _F]:
    """Return the options of a command whose results have these formats, the first by default.

    Args:
        formats: the values of --format.
        into_folder: --out may be a folder.
    """
    return all_options(
        click.option(
            "--format",
            "output_format",
            type=click.Choice(formats),
            callback=functools.partial(_choose_format, formats),
            show_default=f"{formats[0]}, or as the suffix of --out says",
            help="The format of the results.",
        ),
        click.option(
            "--out",
            type=OUTPUT if into_folder else OUTPUT_FILE,
            help="Write results to this file"
            + (", with --format txt into this folder." if into_folder else "."),
        ),
        quiet_option("Print no warnings and no progress."),
        verbose_option,
    )


def _choose_format(
    formats: tuple[str, ...], context: click.Context, _: click.Parameter, given: str | None
) -> str:
    """The format that is given, else that of --out, which is read first where it is given."""
    suffix = Path(context.params.get("out") or "").suffix.removeprefix(".").lower()
    by_suffix = suffix if suffix in formats and suffix in _FILE_FORMATS else formats[0]
    return given or by_suffix


output_options = output_options_for("text", "json")
