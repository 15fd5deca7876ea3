"""A group whose commands are imported when they are used, and found in any spelling."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from darknet_torch.cfg.model_names import kind_of
from darknet_torch.cli.words import (
    are_options,
    find_spelling,
    letters,
    option_spellings,
    spell_options,
)
from darknet_torch.errors import UsageError, nearest
from darknet_torch.text import path_exists

_WIDTH = 80  # characters of a line in the list of commands
_NOTHING: Mapping[str, Any] = {}


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

    Options may stand before the command that they belong to.

    Args:
        table: the commands by name.
        absent: what to do instead of commands that Darknet has and this program has not, by
            their name.
        other_names: the commands that other programs have for those here, by their names.
    """

    def __init__(
        self,
        *args: Any,
        table: Mapping[str, LazyCommand] = _NOTHING,
        absent: Mapping[str, str] = _NOTHING,
        other_names: Mapping[str, str] = _NOTHING,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.table, self.absent, self.other_names = table, absent, other_names

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.table, *self.commands})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        helps = {name: lazy.short_help for name, lazy in self.table.items()}
        helps |= {name: one.get_short_help_str(_WIDTH) for name, one in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(helps.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self.put_command_first(ctx, args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and spell the options after it as they are declared.

        Raises:
            UsageError: Darknet has the command, this program has not.
            click.UsageError: there is no such command, or no such option.
        """
        name = self._find_name(ctx, args[0])
        if name in self.absent and not ctx.resilient_parsing:
            raise UsageError(
                "does not exist here",
                where=f"{ctx.command_path} {args[0]}",
                fix=self.absent[name],
            )
        try:
            found, command, words = super().resolve_command(ctx, [name, *args[1:]])
        except click.UsageError as error:
            close = self.other_names.get(letters(args[0]))
            close = close or nearest(args[0], self.list_commands(ctx))
            if close is None and "detect" in self.table and _may_be_file(args[0]):
                close = shlex.join([ctx.command_path, "detect", *args])
            if close is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean {close!r}?", ctx) from None
        if not (command is None or isinstance(command, click.Group) or ctx.resilient_parsing):
            inner = click.Context(command, info_name=found, parent=ctx)
            words = spell_options(command, inner, words)
        return found, command, words

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return super().get_command(ctx, cmd_name)
        return self.table[cmd_name].load()

    def _find_name(self, ctx: click.Context, word: str) -> str:
        """Return the name of the command that has the letters of `word`; else `word`."""
        names = [*self.list_commands(ctx), *self.absent]
        if word in names or word.startswith("-"):
            return word
        return next((name for name in names if letters(name) == letters(word)), word)

    def put_command_first(self, ctx: click.Context, words: list[str]) -> list[str]:
        """Move the options that stand before a command to the place after it."""
        if not words or not words[0].startswith("-"):
            return words
        own = find_spelling(option_spellings(self.get_params(ctx)), words[0])
        if own is not None:
            return [own, *words[1:]]
        for index, word in enumerate(words):
            name = self._find_name(ctx, word)
            command = self.get_command(ctx, name)
            if name in self.absent or (command and are_options(command, ctx, words[:index])):
                return [name, *words[:index], *words[index + 1 :]]
        if words[0].startswith("--") or ctx.resilient_parsing:
            return words
        raise click.NoSuchOption(words[0], ctx=ctx)  # click would name its first letter alone


def _may_be_file(word: str) -> bool:
    """Whether a word in the place of a command is a file, or is named as one of a model."""
    return kind_of(Path(word)) is not None or path_exists(word)
