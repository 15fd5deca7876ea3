"""The flags of Darknet's own command line, where ours are spelt otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])
_POSITIONS = ("data", "cfg", "weights")

# Flags of Darknet's that nothing comes of here: (the type of a value, what is so instead).
_IDLE: dict[str, tuple[type | None, str]] = {
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


def _option(name: str, key: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(name, key, hidden=True, **more)


def darknet_flags(function: _F) -> _F:
    """Accept -ext_output, -dont_show, -letter_box, -out FILE, -i GPU, -nogpu, as Darknet does."""
    for decorator in (
        _option("-ext_output", "ext_output", is_flag=True),
        _option("-dont_show", "dont_show", is_flag=True),
        _option("-letter_box", "letter_box", is_flag=True),
        _option("-out", "json_out"),
        _option("-i", "gpu", type=int),
        _option("-nogpu", "nogpu", is_flag=True),
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
        *(
            _option(name, _key(name), is_flag=True)
            if kind is None
            else _option(name, _key(name), type=kind)
            for name, (kind, _) in _IDLE.items()
        ),
    ):
        function = decorator(function)
    return function


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
    json_out, gpu = arguments.pop("json_out"), arguments.pop("gpu")
    gpu = -1 if arguments.pop("nogpu") else gpu
    if json_out is not None:
        arguments.update(out=json_out, form="json")
    if gpu is not None:
        arguments["device"] = _device(gpu, quiet=arguments["quiet"])
    return arguments


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
    for name, (_, instead) in _IDLE.items():
        value = arguments.pop(_key(name))
        if value is not None and value is not False and not arguments["quiet"]:
            click.echo(f"note: {name} has no effect: {instead}", err=True)
    return arguments


def model_first(
    source: tuple[str, ...], arguments: dict[str, Any]
) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """Darknet's `detect X.cfg X.weights picture` as --cfg, --weights and SOURCE.

    Returns:
        The sources, the arguments, and whether they were spelt so.
    """
    arguments, count = dict(arguments), len(source)
    for key, suffix in (("cfg", ".cfg"), ("weights", ".weights")):
        if source and arguments[key] is None and source[0].endswith(suffix):
            arguments[key], source = source[0], source[1:]
    return source, arguments, len(source) < count


def _key(name: str) -> str:
    return f"idle{name.replace('-', '_')}"


def spelt(command: click.Command) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the options of `command`, but data, cfg and weights by position."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        positions = [click.Argument([name], required=name != "weights") for name in _POSITIONS]
        options = [
            param
            for param in command.params
            if isinstance(param, click.Option) and param.name not in _POSITIONS
        ]
        if any(param.name == "source" for param in command.params):
            positions.append(click.Argument(["source"], nargs=-1))
        return click.Command(
            function.__name__.rstrip("_"),
            callback=function,
            params=[*positions, *options],
            help=function.__doc__,
        )

    return decorate
