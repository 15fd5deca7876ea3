"""The flags and the positional arguments of Darknet's own command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from darknet_torch.cli.options import (
    DeviceOptions,
    OutputOptions,
    PictureOptions,
    ReportingOptions,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH
from darknet_torch.cli.value_completion import complete_cfg, complete_weights
from darknet_torch.errors import UsageError

_F = TypeVar("_F", bound=Callable[..., Any])
_POSITIONS = ("data", "cfg", "weights")

# Darknet's flags that have no effect here: (the type of the value, what happens instead).
_IgnoredFlags = dict[str, tuple[type | None, str]]
_IGNORED: _IgnoredFlags = {
    "-json_port": (int, "nothing is served; --format jsonl prints a line for each frame"),
    "-mjpeg_port": (int, "nothing is served; --save and -out_filename keep annotated frames"),
    "-http_post_host": (str, "nothing is posted; --format jsonl prints a line for each frame"),
    "-time_limit_sec": (int, "it runs to the end of its source"),
    "-avgframes": (int, "each frame is processed by itself"),
    "-s": (int, "every frame is processed"),
    "-hier": (float, "the threshold of hierarchies is 0.5"),
    "-prefix": (str, "--save DIR keeps annotated frames"),
    "-dontdraw_bbox": (None, "boxes are drawn where pictures are kept"),
    "-benchmark": (None, "frames are read, and the rates include that"),
    "-benchmark_layers": (None, "layers are not timed"),
}
_IGNORED_IN_TRAINING: _IgnoredFlags = {
    "-mjpeg_port": (int, "nothing is served; the lines go to standard output"),
    "-chart": (str, "no chart is drawn; the lines go to standard output"),
    "-mAP_epochs": (int, "--map evaluates every 4 epochs"),
    "-thresh": (float, "--map evaluates at every score"),
    "-show_imgs": (None, "no window opens; --show-batch PNG draws the first batch"),
    "-benchmark_layers": (None, "layers are not timed"),
}


@dataclass(frozen=True, kw_only=True)
class GpuFlags(ReportingOptions, DeviceOptions):
    """-i and -nogpu, which choose the device; see `_gpu_flags`."""

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
    """Accept -ext_output, -dont_show, -letter_box, -out FILE, -i GPU, -nogpu, as Darknet does.

    Boxes are always printed and no window opens by itself, so the first two change nothing.
    """
    return _decorate(
        function,
        _flag("-ext_output", "ext_output", is_flag=True, expose_value=False),
        _flag("-dont_show", "dont_show", is_flag=True, expose_value=False),
        _flag("-letter_box", "letter_box", is_flag=True),
        _flag("-out", "json_out", type=OUTPUT_FILE),
        _gpu_flags,
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
        _flag("-c", "camera", type=click.IntRange(min=0)),
        *_ignored_flags(_IGNORED),
    )


def training_flags(function: _F) -> _F:
    """Accept the flags of AlexeyAB's `detector train` that are not options of `dtorch train`."""
    return _decorate(
        function,
        _flag("-dont_show", "dont_show", is_flag=True, expose_value=False),
        _gpu_flags,
        *_ignored_flags(_IGNORED_IN_TRAINING),
    )


def _gpu_flags(function: _F) -> _F:
    return _decorate(
        function, _flag("-i", "gpu", type=int), _flag("-nogpu", "nogpu", is_flag=True)
    )


def _ignored_flags(flags: _IgnoredFlags) -> list[Callable[[Any], Any]]:
    """Accept flags that have no effect, with a note for each that is given."""
    return [_ignored_flag(name, kind, instead) for name, (kind, instead) in flags.items()]


def _ignored_flag(name: str, kind: type | None, instead: str) -> Callable[[Any], Any]:
    def note(context: click.Context, parameter: click.Parameter, value: object) -> None:
        given = value is not None and value is not False
        # --quiet is read before all other options.
        if given and not context.params.get("quiet") and not context.resilient_parsing:
            click.echo(f"note: {name} has no effect: {instead}", err=True)

    value: dict[str, Any] = {"is_flag": True} if kind is None else {"type": kind}
    field = f"ignored{name.replace('-', '_')}"
    return _flag(name, field, callback=note, expose_value=False, **value)


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


def darknet_style(command: click.Command) -> Callable[[Callable[..., None]], click.Command]:
    """Return a decorator that makes a command with the options of `command`.

    DATA, CFG and WEIGHTS are positional arguments of the new command, and SOURCE if `command`
    takes sources.

    Raises:
        UsageError: when the command runs, if a cfg is given in the place of DATA.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        positions = [
            click.Argument(["data"], type=PATH, callback=_check_data),
            click.Argument(["cfg"], type=PATH, shell_complete=complete_cfg),
            click.Argument(
                ["weights"], type=PATH, required=False, shell_complete=complete_weights
            ),
        ]
        options = [
            param
            for param in command.params
            if isinstance(param, click.Option) and param.name not in _POSITIONS
        ]
        if any(param.name == "source" for param in command.params):
            positions.append(click.Argument(["source"], nargs=-1, type=PATH))
        return click.Command(
            function.__name__.rstrip("_"),
            callback=function,
            params=[*positions, *options],
            help=function.__doc__,
        )

    return decorate
