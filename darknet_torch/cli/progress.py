"""A progress bar on standard error."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import click

_FEWEST = 10  # pictures below which no bar is shown


@contextlib.contextmanager
def progress_bar(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while pictures are processed.

    Args:
        total: how many pictures there are; for few of them no bar is shown.
        quiet: show no bar.

    Yields:
        A function that advances the bar by a number of pictures.
    """
    if quiet or total < _FEWEST or not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=total, label="pictures", file=sys.stderr) as bar:
        yield bar.update
