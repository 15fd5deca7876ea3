"""`dtorch version` and `dtorch help`: the options --version and --help as commands."""

from __future__ import annotations

import click

from darknet_torch import __version__
from darknet_torch.cli.terminal import echo


@click.command()
def version() -> None:
    """Print the version, as `dtorch --version` does."""
    echo(f"dtorch, version {__version__}")


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
def help_command(words: tuple[str, ...]) -> None:
    """Print the help of a command, as `dtorch COMMAND --help` does."""
    context = click.get_current_context().find_root()
    left = list(words)
    while left and isinstance(context.command, click.Group):
        name, command, left = context.command.resolve_command(context, left)
        if command is None:
            break
        context = click.Context(command, info_name=name, parent=context)
    echo(context.get_help())
