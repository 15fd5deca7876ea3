"""The flags of Darknet's own command line, where ours are spelt otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])
_POSITIONS = ("data", "cfg", "weights")


def darknet_flags(function: _F) -> _F:
    """Accept -ext_output, -dont_show, -letter_box, -out FILE, -i GPU, as AlexeyAB's detector."""
    for decorator in (
        click.option("-ext_output", "ext_output", is_flag=True, hidden=True),
        click.option("-dont_show", "dont_show", is_flag=True, hidden=True),
        click.option("-letter_box", "letter_box", is_flag=True, hidden=True),
        click.option("-out", "json_out", hidden=True),
        click.option("-i", "gpu", type=int, hidden=True),
    ):
        function = decorator(function)
    return function


def take_darknet_flags(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with Darknet's flags turned into ours.

    Boxes are always printed and nothing is ever shown in a window, so the first two flags
    change nothing.
    """
    arguments = dict(arguments)
    for name in ("ext_output", "dont_show"):
        arguments.pop(name)
    if arguments.pop("letter_box"):
        arguments["letterbox"] = True
    json_out, gpu = arguments.pop("json_out"), arguments.pop("gpu")
    if json_out is not None:
        arguments.update(out=json_out, form="json")
    if gpu is not None:
        arguments["device"] = f"cuda:{gpu}" if gpu >= 0 else "cpu"
    return arguments


def spelt(command: click.Command) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the options of `command`, but data, cfg and weights by position."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        positions = [click.Argument([name], required=name != "weights") for name in _POSITIONS]
        options = [param for param in command.params if param.name not in _POSITIONS]
        return click.Command(
            function.__name__.rstrip("_"),
            callback=function,
            params=[*positions, *options],
            help=function.__doc__,
        )

    return decorate
