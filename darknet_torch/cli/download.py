"""`dtorch download`: published weight files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from darknet_torch.cfg.zoo import is_partial_name
from darknet_torch.cli.options import parsed_into, quiet_option
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER, FiniteRange
from darknet_torch.cli.progress import progress_bar
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.value_completion import complete_published
from darknet_torch.downloads import TIMEOUT
from darknet_torch.downloads.finding import cache_folder, downloaded
from darknet_torch.downloads.published import PUBLISHED, find_published
from darknet_torch.errors import DownloadError, UsageError

_SOME_FAILED = 1
_LONGEST_TIMEOUT = 10**6  # seconds; systems refuse those of centuries


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """The options of `dtorch download`.

    Attributes:
        lists: list the published files instead of fetching any.
        folder: where to put the files; None for the cache.
    """

    names: tuple[str, ...]
    lists: bool
    force: bool
    folder: str | None
    timeout: float
    quiet: bool


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_published)
@click.option("--list", "lists", is_flag=True, help="List them, and the folder of the cache.")
@click.option("--force", is_flag=True, help="Fetch a file even if it is there already.")
@click.option(
    "--to",
    "folder",
    type=OUTPUT_FOLDER,
    metavar="DIR",
    help="Put them here [default: the cache].",
)
@click.option(
    "--timeout",
    type=FiniteRange(min=0, max=_LONGEST_TIMEOUT, min_open=True),
    default=TIMEOUT,
    show_default=True,
    help="Seconds without data after which the next server is tried.",
)
@quiet_option("Print only the paths of the files, and what failed.")
@parsed_into(DownloadOptions)
def download(options: DownloadOptions) -> None:
    """Fetch published weights: yolov3, yolov4-tiny, darknet53.conv.74, ...

    A download that broke off is resumed. The length and, where it is known, the digest are
    checked. Prints the path of each file. Other commands find files in the cache by name:
    --weights yolov3. DTORCH_CACHE names another folder for the cache, DTORCH_MIRROR the
    URLs of folders to fetch from.

    Exit status: 0 all there, 1 some could not be fetched, 2 no published file
    has that name.
    """
    if options.lists:
        for line in _list_published():
            echo(line)
        return
    if not options.names:
        raise UsageError("nothing to fetch", expected="dtorch download NAME, or --list")
    wanted = dict.fromkeys(find_published(name).name for name in options.names)
    failed = [name for name in wanted if not _fetch(name, options)]
    if failed:
        sys.exit(_SOME_FAILED)


def _list_published() -> list[str]:
    """Return a line for each published file: its name, its size, whether it is in the cache."""
    width = max(len(published.name) for published in PUBLISHED)
    lines = [f"{'file':{width}}  {'bytes':>11}  in {cache_folder()}"]
    for published in PUBLISHED:
        there = "yes" if downloaded(published) else "-"
        lines.append(f"{published.name:{width}}  {published.size:11,}  {there}")
    return lines


def _fetch(name: str, options: DownloadOptions) -> bool:
    """Fetch one file and print its path; return whether that succeeded."""
    from darknet_torch.downloads.download import download as run

    progress = _Progress(name, quiet=options.quiet)
    try:
        with progress:
            path = run(
                name,
                options.folder,
                force=options.force,
                timeout=options.timeout,
                on_message=progress.print_remark,
                on_progress=progress.show,
            )
    except DownloadError as error:
        lines = f"dtorch: {error}".splitlines()
        if is_partial_name(Path(name)):
            lines.append("  training works without it, from random numbers: leave out --weights")
        echo("\n".join(progress.without_printed(lines)), err=True)
        return False
    echo(os.fsencode(path))
    return True


class _Progress(ExitStack):
    """Prints remarks and, on a terminal, a bar to standard error; nothing if `quiet`."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        super().__init__()
        self._name, self._quiet = name, quiet
        self._advance: Callable[[int], None] | None = None
        self._done = 0
        self._printed: set[str] = set()

    def print_remark(self, text: str) -> None:
        """Print a line above the bar."""
        if not self._quiet:
            self._printed.add(text)
            echo(text, err=True)

    def without_printed(self, lines: list[str]) -> list[str]:
        """Return the lines without those that were printed as remarks already."""
        return [line for line in lines if line.strip() not in self._printed]

    def show(self, count: int) -> None:
        """Show that `count` bytes are there; the bar appears at the first call."""
        if self._advance is None:
            whole = find_published(self._name).part_of or self._name
            size = find_published(whole).size
            bar = progress_bar(size, quiet=self._quiet, label=self._name, in_bytes=True)
            self._advance = self.enter_context(bar)
        self._advance(count - self._done)
        self._done = count
