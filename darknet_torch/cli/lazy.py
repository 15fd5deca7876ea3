"""A group whose commands are imported when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from darknet_torch.errors import nearest

_WIDTH = 80  # characters of a line in the list of commands


class LazyCommand(NamedTuple):
    """A command that is not imported yet.

    Attributes:
        module: below `darknet_torch.cli`.
        function: the command in the module.
        short_help: the line that the group's help has for it.
    """

    module: str
    function: str
    short_help: str

    def load(self) -> click.Command:
        """Import the command."""
        module = importlib.import_module(f"darknet_torch.cli.{self.module}")
        command: click.Command = getattr(module, self.function)
        return command


class LazyGroup(click.Group):
    """A group that imports a command when it is used, and none to print its help.

    Args:
        table: the commands by name.
    """

    def __init__(self, *args: Any, table: Mapping[str, LazyCommand], **more: Any) -> None:
        super().__init__(*args, **more)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.table, *self.commands})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        helps = {name: lazy.short_help for name, lazy in self.table.items()}
        helps |= {name: one.get_short_help_str(_WIDTH) for name, one in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(helps.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = nearest(args[0], self.list_commands(ctx))
            if close is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean {close!r}?", ctx) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return super().get_command(ctx, cmd_name)
        return self.table[cmd_name].load()
