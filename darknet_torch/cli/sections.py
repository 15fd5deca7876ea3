"""A command whose help lists its options below titles. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

Section = Callable[[Any], Any]  # decorates with the options of a section, as `all_options` does

_OTHER = "Other options"


class CommandWithSections(click.Command):
    """A command whose help lists its options below titles.

    Args:
        sections: the options below each title; options of no section come last.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Section], **more: Any) -> None:
        super().__init__(*args, **more)
        self.titles = {
            name: title for title, section in sections.items() for name in _names_of(section)
        }

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {
            title: [] for title in (*self.titles.values(), _OTHER)
        }
        for param in self.get_params(ctx):
            if isinstance(param, click.Option) and (row := param.get_help_record(ctx)) is not None:
                rows[self.titles.get(param.name or "", _OTHER)].append(row)
        for title, lines in rows.items():
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


def _names_of(section: Section) -> list[str]:
    """The names of the parameters that a section adds to a command."""

    @click.command()
    @section
    def alone(**_: Any) -> None:
        """Have the options of the section."""

    return [param.name for param in alone.params if param.name is not None]
