"""The flags and the positional arguments of Darknet's own command line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from darknet_torch.cli.darknet.command import FILES, DarknetCommand, help_text
from darknet_torch.cli.options import (
    DeviceOptions,
    OutputOptions,
    PictureOptions,
    ReportingOptions,
)
from darknet_torch.cli.parameter_types import NOT_NEGATIVE, OUTPUT_FILE, PATH
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.value_completion import complete_cfg, complete_weights
from darknet_torch.cli.words import find_spelling, option_spellings
from darknet_torch.errors import UsageError

_F = TypeVar("_F", bound=Callable[..., Any])
_ON_COMMAND_LINE = ParameterSource.COMMANDLINE


class IgnoredFlag(NamedTuple):
    """A flag of Darknet's that has no effect here.

    Attributes:
        name: as Darknet spells it.
        kind: the type of its value; None for a flag without a value.
        instead: what happens instead, for the note that is printed.
    """

    name: str
    kind: type | None
    instead: str


_UNUSED = "this command does not use it"

_IGNORED = (
    IgnoredFlag(
        "-json_port", int, "nothing is served; --format jsonl prints a line for each frame"
    ),
    IgnoredFlag(
        "-mjpeg_port", int, "nothing is served; --save and -out_filename keep annotated frames"
    ),
    IgnoredFlag(
        "-http_post_host", str, "nothing is posted; --format jsonl prints a line for each frame"
    ),
    IgnoredFlag("-time_limit_sec", int, "it runs to the end of its source"),
    IgnoredFlag("-avgframes", int, "each frame is processed by itself"),
    IgnoredFlag("-s", int, "every frame is processed"),
    IgnoredFlag("-hier", float, "the threshold of hierarchies is 0.5"),
    IgnoredFlag("-prefix", str, "--save DIR keeps annotated frames"),
    IgnoredFlag("-benchmark", None, "frames are read, and the rates include that"),
    IgnoredFlag("-benchmark_layers", None, "layers are not timed"),
    IgnoredFlag("-fullscreen", None, "--show opens a window of the size of the picture"),
    IgnoredFlag("-w", int, "cameras and videos keep their size"),
    IgnoredFlag("-fps", int, "cameras and videos keep their rate"),
    IgnoredFlag("-heatmaps", None, "only boxes are drawn"),
    IgnoredFlag("-random", None, "sources are processed in their order"),
)
_IGNORED_IN_TRAINING = (
    IgnoredFlag("-mjpeg_port", int, "nothing is served; the lines go to standard output"),
    IgnoredFlag("-chart", str, "the chart of a run that goes on has its earlier part by itself"),
    IgnoredFlag("-thresh", float, "--map evaluates at every score"),
    IgnoredFlag("-show_imgs", None, "no window opens; --show-batch PNG draws the first batch"),
    IgnoredFlag("-benchmark_layers", None, "layers are not timed"),
    IgnoredFlag("-dontuse_opencv", None, "pictures are decoded by OpenCV"),
)
_IGNORED_EVERYWHERE = (
    IgnoredFlag(
        "-cuda_debug_sync", None, "CUDA_LAUNCH_BLOCKING=1 makes CUDA wait for each kernel"
    ),
    IgnoredFlag("-trace", None, "--verbose prints more about what is loaded"),
    IgnoredFlag("-colour", None, "colours need no flag where there are any"),
    IgnoredFlag("-nocolour", None, "NO_COLOR=1 turns colours off"),
    IgnoredFlag("-fuse", None, "dtorch convert --fold writes a model with folded normalisation"),
    IgnoredFlag("-dontfuse", None, "dtorch convert folds only with --fold"),
    IgnoredFlag("-boxes", None, "dtorch convert --decode writes a graph that returns boxes"),
    IgnoredFlag("-noboxes", None, "dtorch convert --decode writes a graph that returns boxes"),
    IgnoredFlag("-fp16", None, "--precision float16 computes in 16 bits"),
    IgnoredFlag("-fp32", None, "numbers have 32 bits by default"),
)

# Every flag of `darknet detector` and `darknet classifier`, with the type of its value. They read
# them all before they look at the command, so that each command takes the flags of the others.
# Source: detector.c run_detector, classifier.c run_classifier (both code bases).
_EVERY_FLAG: dict[str, type | None] = {
    **{flag.name: flag.kind for flag in (*_IGNORED, *_IGNORED_IN_TRAINING)},
    **dict.fromkeys(("-thresh", "-iou_thresh", "-nms_threshold"), float),
    **dict.fromkeys(("-points", "-c", "-i", "-t", "-num_of_clusters", "-width", "-height"), int),
    **dict.fromkeys(("-mAP_epochs", "-saveweights"), int),
    **dict.fromkeys(("-out", "-out_filename", "-json_file_output", "-gpus", "-skipclasses"), str),
    **dict.fromkeys(("-dont_show", "-ext_output", "-letter_box", "-save_labels", "-show"), None),
    "-dontdraw_bbox": None,
    **dict.fromkeys(("-map", "-topk", "-clear", "-nogpu", "-verbose"), None),
}


@dataclass(frozen=True, kw_only=True)
class GpuFlags(ReportingOptions, DeviceOptions):
    """-i and -nogpu, which choose the device; see `gpu_flags`."""

    gpu: int | None
    nogpu: bool


@dataclass(frozen=True, kw_only=True)
class DarknetFlags(GpuFlags, PictureOptions, OutputOptions):
    """The flags that all of Darknet's commands on pictures have; see `darknet_flags`."""

    letter_box: bool
    json_out: str | None


@dataclass(frozen=True, kw_only=True)
class DetectionFlags(DarknetFlags):
    """The flags of `detector test` and `detector demo`; see `detection_flags`."""

    show: bool
    show_flag: bool
    save_labels: bool
    out_filename: str | None
    json_file_output: str | None
    camera: int | None
    dontdraw_bbox: bool


_GpuFlags = TypeVar("_GpuFlags", bound=GpuFlags)
_DarknetFlags = TypeVar("_DarknetFlags", bound=DarknetFlags)
_DetectionFlags = TypeVar("_DetectionFlags", bound=DetectionFlags)


def _flag(name: str, field: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(name, field, hidden=True, **more)


def _decorate(function: _F, *decorators: Callable[[Any], Any]) -> _F:
    for decorator in decorators:
        function = decorator(function)
    return function


def darknet_flags(function: _F) -> _F:
    """Accept -ext_output, -dont_show, -letter_box, -out FILE, -log FILE, -i GPU, -nogpu.

    Boxes are always printed and no window opens by itself, so the first two change nothing.
    """
    return _decorate(
        function,
        _flag("-ext_output", "ext_output", is_flag=True, expose_value=False),
        _flag("-dont_show", "dont_show", is_flag=True, expose_value=False),
        _flag("-letter_box", "letter_box", is_flag=True),
        _flag("-out", "json_out", type=OUTPUT_FILE),
        gpu_flags,
        general_flags,
    )


def detection_flags(function: _F) -> _F:
    """Accept the flags of AlexeyAB's `detector test` and `detector demo`."""
    return _decorate(
        function,
        darknet_flags,
        _flag("-show", "show_flag", is_flag=True),
        _flag("-save_labels", "save_labels", is_flag=True),
        _flag("-out_filename", "out_filename", type=OUTPUT_FILE),
        _flag("-json_file_output", "json_file_output", type=OUTPUT_FILE),
        _flag("-c", "camera", type=NOT_NEGATIVE),
        _flag("-dontdraw_bbox", "dontdraw_bbox", is_flag=True),
        *map(_ignored_flag, _IGNORED),
    )


def training_flags(function: _F) -> _F:
    """Accept the flags of AlexeyAB's `detector train` that are not options of `dtorch train`."""
    return _decorate(
        function,
        _flag("-dont_show", "dont_show", is_flag=True, expose_value=False),
        gpu_flags,
        general_flags,
        *map(_ignored_flag, _IGNORED_IN_TRAINING),
    )


def file_flags(function: _F) -> _F:
    """Accept the flags of Darknet's that its tools for weight files have no use for."""
    unused = (IgnoredFlag("-i", int, _UNUSED), IgnoredFlag("-nogpu", None, _UNUSED))
    return _decorate(function, general_flags, *map(_ignored_flag, unused))


def general_flags(function: _F) -> _F:
    """Accept the flags that belong to no command of its own, such as -log FILE."""
    return _decorate(
        function,
        _flag("-log", "log", type=OUTPUT_FILE),
        *map(_ignored_flag, _IGNORED_EVERYWHERE),
    )


def gpu_flags(function: _F) -> _F:
    """Accept -i GPU and -nogpu."""
    return _decorate(
        function, _flag("-i", "gpu", type=int), _flag("-nogpu", "nogpu", is_flag=True)
    )


def _ignored_flag(flag: IgnoredFlag) -> Callable[[Any], Any]:
    """Accept a flag that has no effect, with a note if it is given."""
    value: dict[str, Any] = {"is_flag": True} if flag.kind is None else {"type": flag.kind}
    field = f"ignored{flag.name.replace('-', '_')}"
    note = _note_without_effect(flag.name, flag.instead)
    return _flag(flag.name, field, callback=note, expose_value=False, **value)


def _note_without_effect(name: str, instead: str) -> Callable[..., Any]:
    """Return a callback that notes an option without effect if it is given."""

    def note(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        given = context.get_parameter_source(parameter.name or "") is _ON_COMMAND_LINE
        # --quiet is read before all other options.
        if given and not context.params.get("quiet") and not context.resilient_parsing:
            echo(f"note: {name} has no effect: {instead}", err=True)
        return value

    return note


def apply_gpu_flags(options: _GpuFlags) -> _GpuFlags:
    """Return the options with -i and -nogpu turned into --device."""
    number = -1 if options.nogpu else options.gpu
    if number is None:
        return options
    return replace(options, device=_gpu_device(number, options), gpu=None, nogpu=False)


def _gpu_device(number: int, options: ReportingOptions) -> str:
    """Return the device of -i; without any GPU the CPU, as in a build of Darknet for the CPU.

    Source: darknet.c main.
    """
    if number < 0:
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return f"cuda:{number}"
    options.print_remark(f"note: -i {number} has no effect: there is no GPU here")
    return "cpu"


def apply_darknet_flags(options: _DarknetFlags) -> _DarknetFlags:
    """Return the options with Darknet's flags turned into ours; -out writes JSON alone."""
    if options.letter_box:
        options = replace(options, letterbox=True)
    if options.json_out is not None:
        options = replace(options, out=options.json_out, output_format="json", json_out=None)
    return apply_gpu_flags(options)


def apply_detection_flags(options: _DetectionFlags) -> _DetectionFlags:
    """Return the options with Darknet's flags turned into ours.

    JSON that -out or -json_file_output ask for stays in `json_out`: as in Darknet it is written
    besides the lines.
    """
    json_out = options.json_file_output or options.json_out
    applied = apply_darknet_flags(replace(options, json_out=None))
    return replace(applied, json_out=json_out, show=options.show or options.show_flag)


def _check_data(context: click.Context, parameter: click.Parameter, word: str) -> str:
    """Refuse a cfg in the place of DATA, which is easily forgotten."""
    if word.endswith(".cfg"):
        raise UsageError(
            "a cfg in the place of DATA",
            where=word,
            expected=f"{context.command_path} DATA CFG [WEIGHTS], DATA such as obj.data",
        )
    return word


def darknet_style(
    command: click.Command, without_effect: Container[str] = ()
) -> Callable[[Callable[..., None]], click.Command]:
    """Return a decorator that makes a command with the options of `command`.

    DATA, CFG and WEIGHTS are positional arguments of the new command, and SOURCE if `command`
    takes sources. It takes all of Darknet's flags; those that change nothing are noted.

    Args:
        command: whose options the new command takes.
        without_effect: names of its parameters that change nothing in the new command.

    Raises:
        UsageError: when the command runs, if a cfg is given in the place of DATA.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        name = function.__name__.rstrip("_")
        options = [
            _hide(param, command) if param.name in without_effect else param
            for param in command.params
            if isinstance(param, click.Option) and param.name not in FILES
        ]
        takes_sources = any(
            param.name == "source" and param.name not in without_effect for param in command.params
        )
        made = DarknetCommand(
            name,
            callback=function,
            params=[*_file_arguments(takes_sources), *options],
            help=help_text(function),
        )
        return accept_every_flag(made)

    return decorate


def accept_every_flag(command: click.Command) -> click.Command:
    """Let a command take the flags of Darknet's that it has no use for, with a note for each.

    Returns:
        The same command.
    """
    spellings = option_spellings(command.params)
    for name, kind in _EVERY_FLAG.items():
        if find_spelling(spellings, name) is None:
            _ignored_flag(IgnoredFlag(name, kind, _UNUSED))(command)
    return command


def _file_arguments(takes_sources: bool) -> list[click.Argument]:
    """Return the arguments DATA CFG [WEIGHTS], and [SOURCE]... if they follow."""
    arguments = [
        click.Argument(["data"], type=PATH, callback=_check_data),
        click.Argument(["cfg"], type=PATH, shell_complete=complete_cfg),
        click.Argument(["weights"], type=PATH, required=False, shell_complete=complete_weights),
    ]
    if takes_sources:
        arguments.append(click.Argument(["source"], nargs=-1, type=PATH))
    return arguments


def _hide(option: click.Option, command: click.Command) -> click.Option:
    """Return a hidden copy of an option that notes that it has no effect."""
    hidden = copy.copy(option)
    note = _note_without_effect(option.opts[0], f"dtorch {command.name} has it")
    parse = option.callback

    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        note(context, parameter, value)
        return value if parse is None else parse(context, parameter, value)

    hidden.hidden, hidden.callback = True, callback
    return hidden
