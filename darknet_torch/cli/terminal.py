"""Lines that a terminal shows in place, below everything else that a command prints."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

import click

from darknet_torch.printable import escape_controls

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

_CLEAR = "\033[H\033[J"
_INTERVAL = 0.25  # seconds between two drawings
_NOT_WATCHED = "CI"  # the variable that continuous integration sets, with a terminal or without


class LiveDisplay:
    """Lines at the end of a terminal's output, drawn again as they change.

    `echo` prints above them. They are drawn by the calls of `refresh` and `echo` alone, so no
    thread competes with the work that they show. The cursor stays visible, in an empty line
    below, so that a process which is killed leaves the terminal in order.

    Args:
        console: rich's console of an interactive terminal, see `find_console`.
        content: the lines; rich asks for them at each drawing.
        keep: leave the last lines there at the end, else erase them.
        clock: the time in seconds.
    """

    def __init__(
        self,
        console: Console,
        content: RenderableType,
        *,
        keep: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich.live import Live

        self.console, self._clock, self._drawn_at = console, clock, clock()
        self._content = _AboveEmptyLine(content)
        self._live = Live(
            self._content,
            console=console,
            auto_refresh=False,
            transient=not keep,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._incomplete = {False: "", True: ""}  # the last line of either stream, until it ends

    def start(self) -> None:
        """Draw the lines, and let `echo` print above them."""
        global _shown
        self._live.start(refresh=True)
        self.console.show_cursor(True)
        _shown = self

    def refresh(self, *, at_once: bool = False) -> None:
        """Draw the lines again, unless that was done a moment ago, or `at_once`."""
        now = self._clock()
        if at_once or now - self._drawn_at >= _INTERVAL:
            self._drawn_at = now
            with suppress(OSError):  # the terminal is gone; what is drawn here is never missed
                self._live.refresh()

    def print_above(self, text: str, *, err: bool) -> None:
        """Print the complete lines of `text`; a line that has not ended yet waits for its end."""
        complete, newline, rest = (self._incomplete[err] + text).rpartition("\n")
        self._incomplete[err] = rest
        if newline:
            self._print(complete)

    def close(self) -> None:
        """Draw the lines for the last time, or erase them. A second call does nothing."""
        global _shown
        if _shown is not self:
            return
        _shown = None
        self._content.ended = True
        with suppress(OSError):
            self._live.stop()
        for err, text in self._incomplete.items():
            if text:
                click.echo(text, err=err, nl=False)

    def _print(self, text: str) -> None:
        from rich.text import Text

        shown = Text(_encodable(text, self.console.encoding))
        self.console.print(shown, soft_wrap=True)  # a long line stays one line


class _AboveEmptyLine:
    """Content, and until it has `ended` an empty line for the cursor."""

    def __init__(self, content: RenderableType) -> None:
        self._content, self.ended = content, False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        yield self._content
        if not self.ended:
            yield Text("")


_shown: LiveDisplay | None = None


def find_console(stream: TextIO | None) -> Console | None:
    """Return rich's console of a terminal that can show lines in place.

    Returns:
        None if `stream` is a file or a pipe, for a terminal without cursor movement (TERM=dumb),
        in continuous integration, and while another display is shown.
    """
    if _shown is not None or not is_terminal(stream) or os.environ.get(_NOT_WATCHED):
        return None
    from rich.console import Console

    console = Console(file=stream, highlight=False)
    return console if console.is_interactive else None


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether somebody sees `stream`: not a file, a pipe, or a stream that is closed."""
    return stream is not None and not stream.closed and stream.isatty()


def echo(text: str | bytes, *, err: bool = False, nl: bool = True) -> None:
    """Print as `click.echo` does; above the live display, if that is on the same terminal.

    All commands print with it, and control characters become visible: text may come from files
    and servers of strangers. So does what the stream cannot encode. Bytes are UTF-8; those that
    are not stay as they are.
    """
    stream = sys.stderr if err else sys.stdout
    if isinstance(text, bytes):
        words = escape_controls(text.decode(errors="surrogateescape"))
        shown: str | bytes = words.encode(errors="surrogateescape")
    else:
        words = shown = _encodable(escape_controls(text), getattr(stream, "encoding", None))
    if _shown is None or not is_terminal(stream):
        click.echo(shown, err=err, nl=nl)
    else:
        _shown.print_above(words + "\n" * nl, err=err)


def _encodable(text: str, encoding: str | None) -> str:
    """Return text whose characters that an encoding, by default UTF-8, lacks are escaped."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def clear_screen() -> None:
    """Clear the terminal of standard output, and go on at its top."""
    click.echo(_CLEAR, nl=False)


@contextmanager
def closing_display() -> Iterator[None]:
    """End the live display, if one is still shown, however the block ends."""
    try:
        yield
    finally:
        if _shown is not None:
            _shown.close()
