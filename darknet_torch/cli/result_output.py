"""Printing results to standard output or to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darknet_torch.cli.parameter_types import STANDARD_STREAM
from darknet_torch.cli.result_formats import Result, ResultFormat
from darknet_torch.cli.terminal import clear_screen, echo
from darknet_torch.errors import UsageError
from darknet_torch.files import atomic_write, write_text
from darknet_torch.printable import escape_controls
from darknet_torch.text import encode_text

if TYPE_CHECKING:
    from darknet_torch.media.frame_batches import Frame


def print_or_write(text: str, out: str | None) -> None:
    """Print `text`, or write it to the file `out` unless that is None or ``-``."""
    if out and out != STANDARD_STREAM:
        write_text(Path(out), text + "\n")
    else:
        echo(encode_text(text))


class ResultOutput:
    """Prints results as they come, or writes them to a file, which is complete or not there.

    Use it in a `with` block, at whose end the file is there.

    Args:
        result_format: turns results into text.
        out: a file; standard output if None or ``-``.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, result_format: ResultFormat, out: str | None) -> None:
        self._format, self._out = result_format, None if out == STANDARD_STREAM else out
        self._stack = ExitStack()

    @property
    def path(self) -> str | None:
        """The file; None for standard output."""
        return self._out

    def __enter__(self) -> ResultOutput:
        if self._out is not None:
            with self._reporting_failure(self._out):
                self._file = self._stack.enter_context(atomic_write(Path(self._out)))
        self._print(self._format.header())
        return self

    def __exit__(self, *error: Any) -> None:
        if self._out is None:
            self._print(self._format.footer())
            return
        if error[0] is None:
            self._print(self._format.footer())
        with self._reporting_failure(self._out):
            self._stack.__exit__(*error)

    def write(self, frame: Frame, result: Result, milliseconds: float) -> None:
        """Write the result of one picture.

        Args:
            frame: the picture.
            result: the result for it.
            milliseconds: how long that took.
        """
        if self._out is None and self._format.starts_screen(frame):
            clear_screen()
        self._print(self._format.format(frame, result, milliseconds))

    def _print(self, text: str) -> None:
        data = encode_text(escape_controls(text))  # a file is also shown on a terminal, later
        if self._out is None:
            echo(data, nl=False)  # and flushes: the reader of a pipe waits for it
        else:
            with self._reporting_failure(self._out):
                self._file.write(data)

    @contextmanager
    def _reporting_failure(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"cannot be written ({error.strerror})", where=path) from None
