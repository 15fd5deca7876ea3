"""Write docs/cli-reference.md from the commands and their options.

python tools/cli_reference.py [--out docs/cli-reference.md]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cli.main import main as dtorch
from tools.markdown_text import cell, escape
from tools.written_page import page_command

OUT = Path(__file__).resolve().parents[1] / "docs" / "cli-reference.md"

_HEAD = """# The command line

Every command and option, generated from the code by `tools/cli_reference.py`. The command
`dtorch help COMMAND` prints the same, and so does `--help` at the end of any command. Words in
capitals stand for values.
"""
_UNBROKEN = "\b"  # click's mark of a paragraph whose lines stay as they are


def page() -> str:
    """The text of the whole reference page."""
    # With the settings of a real call: click keeps the option --help that it makes first.
    root = click.Context(dtorch, info_name="dtorch", **dtorch.context_settings)
    commands = dict(_find_commands(dtorch, root))
    contents = [_summary(path, one.command) for path, one in commands.items()]
    table = ["| command | what it does |", "|---|---|", *contents, ""]
    return "\n".join([_HEAD, *table, *(_section(*one) for one in commands.items())])


def _find_commands(
    group: click.Group, context: click.Context
) -> Iterator[tuple[str, click.Context]]:
    """Each command that is no group: its path, such as "dtorch dataset init", and its context."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _find_commands(command, inner)
        else:
            yield inner.command_path, inner


def _summary(path: str, command: click.Command) -> str:
    """A row with the first sentence of a command's help, and a link to its section."""
    sentence = command.get_short_help_str(limit=200)
    return f"| [`{path}`](#{path.replace(' ', '-')}) | {cell(escape(sentence))} |"


def _section(path: str, context: click.Context) -> str:
    """A heading, how the command is used, its help, and a table of its options."""
    command = context.command
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    lines = [
        f"## {path}",
        "",
        f"```text\n{usage}\n```",
        "",
        *_paragraphs(cleandoc(command.help or "")),
    ]
    rows = list(_rows(context))
    table = ["| option | meaning |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([*lines, *table])


def _paragraphs(text: str) -> Iterator[str]:
    """Lines of Markdown for a command's help; examples become blocks of code."""
    for paragraph in cleandoc(text).split("\n\n"):
        if paragraph.startswith(_UNBROKEN):
            yield f"```text\n{paragraph.removeprefix(_UNBROKEN).strip()}\n```"
        else:
            yield escape(" ".join(paragraph.split()))
        yield ""


def _rows(context: click.Context) -> Iterator[str]:
    """A row for each option that the help shows; what --help does is known."""
    for option in context.command.params:
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record is not None:
            names, meaning = record
            words = names.replace("|", "/")  # in a table not every program reads an escaped bar
            yield f"| `{words}` | {cell(escape(meaning))} |"


main = page_command(page, OUT, __doc__)


if __name__ == "__main__":
    main()
