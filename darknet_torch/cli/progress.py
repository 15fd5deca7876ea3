"""Progress on standard error: a bar where steps are counted, else a line about the stage."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from darknet_torch.cli.terminal import LiveDisplay, find_console
from darknet_torch.printable import escape_in_line

if TYPE_CHECKING:
    from rich.progress import Progress

_FEWEST = 10  # pictures below which no bar is shown
_BAR_WIDTH = 24  # columns
_NARROW = 60  # columns of a terminal below which the bar is left out


@contextlib.contextmanager
def progress_bar(
    total: int,
    *,
    quiet: bool,
    label: str = "pictures",
    fewest: int = _FEWEST,
    in_bytes: bool = False,
) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error, if that is a terminal, while something is processed.

    What `darknet_torch.cli.terminal.echo` prints meanwhile appears above the bar, which is
    erased at the end.

    Args:
        total: how many steps there are.
        quiet: show no bar.
        label: what the steps are, such as "pictures".
        fewest: for fewer steps no bar is shown.
        in_bytes: the steps are bytes, written as 12.3/45.6 MB.

    Yields:
        A function that advances the bar by a number of steps.
    """
    console = None if quiet or total < fewest else find_console(sys.stderr)
    if console is None:
        yield lambda count: None
        return
    progress = _progress(in_bytes=in_bytes, is_narrow=console.width < _NARROW)
    task = progress.add_task(label, total=total)
    display = LiveDisplay(console, progress)

    def advance(count: int) -> None:
        progress.advance(task, count)
        display.refresh()

    display.start()
    try:
        yield advance
    finally:
        display.close()


@contextlib.contextmanager
def stage_line(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show on standard error, if that is a terminal, what is done at the moment.

    The line is erased at the end, and `echo` prints above it, as for `progress_bar`.

    Args:
        quiet: show nothing.

    Yields:
        A function that takes what is done next.
    """
    console = None if quiet else find_console(sys.stderr)
    if console is None:
        yield lambda text: None
        return
    from rich.text import Text

    line = Text(no_wrap=True, overflow="crop")
    display = LiveDisplay(console, line)

    def show(text: str) -> None:
        line.plain = f"{escape_in_line(text)} ..."
        display.refresh(at_once=True)

    display.start()
    try:
        yield show
    finally:
        display.close()


def _progress(*, in_bytes: bool, is_narrow: bool) -> Progress:
    """Return rich's progress, which is only drawn here."""
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

    from darknet_torch.cli.time_left import TimeLeftColumn

    bar = () if is_narrow else (BarColumn(bar_width=_BAR_WIDTH),)
    return Progress(
        TextColumn("{task.description}", markup=False),
        *bar,
        TextColumn("{task.percentage:3.0f}%"),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeLeftColumn(),
        auto_refresh=False,
    )
