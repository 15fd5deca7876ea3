"""`dtorch download`: published weight files."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.value_completion import complete_published
from darknet_torch.downloads import TIMEOUT
from darknet_torch.downloads.finding import cache_folder, downloaded
from darknet_torch.downloads.published import PUBLISHED, find_published
from darknet_torch.errors import DownloadError, UsageError

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_SOME_FAILED = 1


@click.command(short_help="Fetch published weights.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_published)
@click.option("--list", "lists", is_flag=True, help="Say which there are, and where they lie.")
@click.option("--force", is_flag=True, help="Fetch what is there already.")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Put them here [default: the cache].",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=TIMEOUT,
    show_default=True,
    help="Seconds until a place that gives nothing is given up.",
)
@click.option("--quiet", is_flag=True, help="Say only which files there are, and what failed.")
def download(
    names: tuple[str, ...], lists: bool, folder: str | None, quiet: bool, **how: Any
) -> None:
    """Fetch published weights: yolov3, yolov4-tiny, darknet53.conv.74, ...

    What broke off is resumed. The length and, where it is known, the digest are compared.
    Prints the path of each file. Files in the cache go by name in other commands:
    --weights yolov3. DTORCH_CACHE names another folder for the cache, DTORCH_MIRROR the
    URLs of folders to fetch from.

    Exit status: 0 all there, 1 some could not be fetched, 2 there is none of that name.
    """
    if lists:
        for line in _listing():
            click.echo(line)
        return
    if not names:
        raise UsageError("nothing to fetch", expected="dtorch download NAME, or --list")
    wanted = dict.fromkeys(find_published(name).name for name in names)
    failed = [name for name in wanted if not _fetch(name, folder, quiet, how)]
    if failed:
        sys.exit(_SOME_FAILED)


def _listing() -> list[str]:
    """A line for each published file: its name, its size, where it lies."""
    wide = max(len(published.name) for published in PUBLISHED)
    lines = [f"{'file':{wide}}  {'bytes':>11}  in {cache_folder()}"]
    for published in PUBLISHED:
        there = "yes" if downloaded(published) else "-"
        lines.append(f"{published.name:{wide}}  {published.size:11,}  {there}")
    return lines


def _fetch(name: str, folder: str | None, quiet: bool, how: dict[str, Any]) -> bool:
    """Fetch one and print its path; whether that went well."""
    from darknet_torch.downloads.download import download as run

    try:
        with closing(_Reporter(name, quiet)) as reporter:
            path = run(name, folder, say=reporter.say, advance=reporter.advance, **how)
    except DownloadError as error:
        click.echo(f"dtorch: {error}", err=True)
        return False
    click.echo(path)
    return True


class _Reporter:
    """Lines and, on a terminal, a bar on standard error; neither of them if it is `quiet`."""

    def __init__(self, name: str, quiet: bool) -> None:
        self.name, self.quiet = name, quiet
        self.bar: ProgressBar[int] | None = None

    def say(self, text: str) -> None:
        self.close()
        if not self.quiet:
            click.echo(text, err=True)

    def advance(self, count: int) -> None:
        """`count` bytes are there."""
        if self.quiet or not sys.stderr.isatty():
            return
        if self.bar is None:
            whole = find_published(self.name).part_of or self.name
            size = find_published(whole).size
            self.bar = click.progressbar(length=size, label=self.name, file=sys.stderr)
        self.bar.update(count - self.bar.pos)

    def close(self) -> None:
        """Leave the line of the bar."""
        if self.bar is not None:
            self.bar.render_finish()
        self.bar = None
