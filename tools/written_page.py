"""The command of a tool that writes a page of docs/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from darknet_torch.files import write_text


def page_command(page: Callable[[], str], out: Path, text: str | None) -> click.Command:
    """Return a command that writes a page.

    Args:
        page: makes the page.
        out: its file, unless --out names another one.
        text: of the command's help.
    """

    @click.command(help=text)
    @click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=out)
    def main(out: Path) -> None:
        write_text(out, page())

    return main
