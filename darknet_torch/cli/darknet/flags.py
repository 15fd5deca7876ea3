"""The flags of Darknet's own command line, where ours are spelt otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from darknet_torch.cli.value_completion import PATH, complete_cfg, complete_weights
from darknet_torch.errors import UsageError

_F = TypeVar("_F", bound=Callable[..., Any])
_POSITIONS = ("data", "cfg", "weights")

# Flags of Darknet's that nothing comes of here: (the type of a value, what is so instead).
_Idle = dict[str, tuple[type | None, str]]
_IDLE: _Idle = {
    "-json_port": (int, "nothing is served; --format jsonl prints a line for each frame"),
    "-mjpeg_port": (int, "nothing is served; --save and -out_filename keep annotated frames"),
    "-http_post_host": (str, "nothing is posted; --format jsonl prints a line for each frame"),
    "-time_limit_sec": (int, "it runs to the end of its source"),
    "-avgframes": (int, "each frame is searched by itself"),
    "-s": (int, "every frame is searched"),
    "-hier": (float, "the threshold of hierarchies is 0.5"),
    "-prefix": (str, "--save DIR keeps annotated frames"),
    "-dontdraw_bbox": (None, "boxes are drawn where pictures are kept"),
    "-benchmark": (None, "frames are read, and the rates include that"),
    "-benchmark_layers": (None, "layers are not timed"),
}
_IDLE_IN_TRAINING: _Idle = {
    "-mjpeg_port": (int, "nothing is served; the lines go to standard output"),
    "-chart": (str, "no chart is drawn; the lines go to standard output"),
    "-mAP_epochs": (int, "--map judges every 4 epochs"),
    "-thresh": (float, "--map judges at every score"),
    "-show_imgs": (None, "no window opens; --show-batch PNG draws the first batch"),
    "-benchmark_layers": (None, "layers are not timed"),
}


def _option(name: str, key: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(name, key, hidden=True, **more)


def darknet_flags(function: _F) -> _F:
    """Accept -ext_output, -dont_show, -letter_box, -out FILE, -i GPU, -nogpu, as Darknet does."""
    for decorator in (
        _option("-ext_output", "ext_output", is_flag=True),
        _option("-dont_show", "dont_show", is_flag=True),
        _option("-letter_box", "letter_box", is_flag=True),
        _option("-out", "json_out"),
        *_gpu_options(),
    ):
        function = decorator(function)
    return function


def detection_flags(function: _F) -> _F:
    """Accept the flags of AlexeyAB's `detector test` and `detector demo`."""
    for decorator in (
        darknet_flags,
        _option("-show", "show_flag", is_flag=True),
        _option("-save_labels", "save_labels", is_flag=True),
        _option("-out_filename", "out_filename"),
        _option("-json_file_output", "json_file_output"),
        _option("-c", "camera", type=click.IntRange(min=0)),
        *_idle_options(_IDLE),
    ):
        function = decorator(function)
    return function


def training_flags(function: _F) -> _F:
    """Accept the flags of AlexeyAB's `detector train` that are not options of `dtorch train`."""
    for decorator in (
        _option("-dont_show", "dont_show", is_flag=True),
        *_gpu_options(),
        *_idle_options(_IDLE_IN_TRAINING),
    ):
        function = decorator(function)
    return function


def _gpu_options() -> list[Callable[[Any], Any]]:
    return [_option("-i", "gpu", type=int), _option("-nogpu", "nogpu", is_flag=True)]


def _idle_options(flags: _Idle) -> list[Callable[[Any], Any]]:
    return [
        _option(name, _key(name), is_flag=True)
        if kind is None
        else _option(name, _key(name), type=kind)
        for name, (kind, _) in flags.items()
    ]


def take_darknet_flags(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with Darknet's flags turned into ours.

    Boxes are always printed and no window opens unasked, so the first two flags change
    nothing.
    """
    arguments = dict(arguments)
    for name in ("ext_output", "dont_show"):
        arguments.pop(name)
    if arguments.pop("letter_box"):
        arguments["letterbox"] = True
    json_out = arguments.pop("json_out")
    if json_out is not None:
        arguments.update(out=json_out, form="json")
    _take_gpu(arguments)
    return arguments


def take_training_flags(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with what `training_flags` accepts turned into ours, or told of."""
    arguments = dict(arguments)
    del arguments["dont_show"]
    _take_gpu(arguments)
    _take_idle(arguments, _IDLE_IN_TRAINING)
    return arguments


def _take_gpu(arguments: dict[str, Any]) -> None:
    """-i and -nogpu as --device."""
    gpu = arguments.pop("gpu")
    gpu = -1 if arguments.pop("nogpu") else gpu
    if gpu is not None:
        arguments["device"] = _device(gpu, quiet=arguments["quiet"])


def _take_idle(arguments: dict[str, Any], flags: _Idle) -> None:
    """Without the flags that nothing comes of; those that were given are told of."""
    for name, (_, instead) in flags.items():
        value = arguments.pop(_key(name))
        if value is not None and value is not False and not arguments["quiet"]:
            click.echo(f"note: {name} has no effect: {instead}", err=True)


def _device(gpu: int, *, quiet: bool) -> str:
    """The device of -i; without any GPU the CPU, as a build of Darknet for the CPU.

    Source: darknet.c main.
    """
    if gpu < 0:
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return f"cuda:{gpu}"
    if not quiet:
        click.echo(f"note: -i {gpu} has no effect: there is no GPU here", err=True)
    return "cpu"


def take_detection_flags(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same for what `detection_flags` accepts; what nothing comes of is told of.

    JSON that Darknet's flags ask for is ``json_out``, beside the lines as in Darknet.
    """
    json_out = arguments["json_file_output"] or arguments["json_out"]
    arguments = take_darknet_flags({**arguments, "json_out": None})
    arguments["json_out"] = json_out
    del arguments["json_file_output"]
    arguments["show"] |= arguments.pop("show_flag")
    _take_idle(arguments, _IDLE)
    return arguments


def model_first(
    source: tuple[str, ...], arguments: dict[str, Any]
) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """Darknet's `detect X.cfg X.weights picture` as --cfg, --weights and SOURCE.

    The suffixes tell the two files from each other, so their order does not matter.

    Returns:
        The sources, the arguments, and whether they were spelt so.
    """
    arguments, count = dict(arguments), len(source)
    while source and (key := Path(source[0]).suffix.removeprefix(".")) in ("cfg", "weights"):
        if arguments[key] is not None:
            break
        arguments[key], source = source[0], source[1:]
    return source, arguments, len(source) < count


def _key(name: str) -> str:
    return f"idle{name.replace('-', '_')}"


def _data(context: click.Context, parameter: click.Parameter, word: str) -> str:
    """DATA, which is easily forgotten before CFG."""
    if word.endswith(".cfg"):
        raise UsageError(
            "a cfg in the place of DATA",
            where=word,
            expected=f"{context.command_path} DATA CFG [WEIGHTS], DATA such as obj.data",
        )
    return word


def darknet_style(command: click.Command) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the options of `command`, but data, cfg and weights by position.

    Raises:
        UsageError: a cfg is given in the place of data.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        positions = [
            click.Argument(["data"], type=PATH, callback=_data),
            click.Argument(["cfg"], shell_complete=complete_cfg),
            click.Argument(["weights"], required=False, shell_complete=complete_weights),
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
