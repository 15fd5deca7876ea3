"""What commands on pictures share: reading ahead, progress, results, exit status."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import click

from darknet_torch.errors import UsageError
from darknet_torch.files import write_text

if TYPE_CHECKING:
    import numpy as np

_SOME_FAILED = 1
_LONG = 10  # pictures from which progress is shown


class Result(Protocol):
    """What was found in one picture."""

    @property
    def filename(self) -> str: ...

    def lines(self) -> list[str]: ...

    def to_dict(self) -> dict[str, Any]: ...


ResultType = TypeVar("ResultType", bound=Result)


class Run(Generic[ResultType]):
    """One command over many pictures.

    Args:
        search: pictures and their names to results, a batch at a time.
        arguments: the command's keyword arguments (batch, workers, exif, quiet, form, out).
    """

    def __init__(
        self,
        search: Callable[[Sequence[np.ndarray], Sequence[str]], list[ResultType]],
        arguments: dict[str, Any],
    ) -> None:
        self.search, self.arguments = search, arguments

    def __call__(
        self,
        pictures: Sequence[str],
        each: Callable[[np.ndarray, ResultType], ResultType] = lambda image, result: result,
    ) -> None:
        """Search all `pictures`, print the results, exit 1 if some could not be read.

        Args:
            pictures: their paths, at least one.
            each: called with each picture and its result; returns the result to print.
        """
        from darknet_torch.batches import opened_batches

        failed = 0
        arguments = self.arguments
        with (
            Output(arguments["form"], arguments["out"]) as output,
            progress(len(pictures), quiet=arguments["quiet"]) as advance,
        ):
            batches = opened_batches(
                pictures,
                size=arguments["batch"],
                workers=arguments["workers"],
                exif=arguments["exif"],
            )
            for batch in batches:
                for error in batch.errors:
                    click.echo(f"dtorch: {error}", err=True)
                failed += len(batch.errors)
                names = [pictures[place] for place in batch.places]
                start = time.perf_counter()
                found = self.search(batch.images, names) if names else []
                spent = (time.perf_counter() - start) * 1000 / max(1, len(names))
                for image, result in zip(batch.images, found, strict=True):
                    output.write(each(image, result), spent)
                advance(len(batch))
        if failed:
            click.echo(f"dtorch: {failed} of {len(pictures)} pictures failed", err=True)
            sys.exit(_SOME_FAILED)


@contextlib.contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while pictures are worked on, and how to move it on."""
    if quiet or total < _LONG or not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=total, label="pictures", file=sys.stderr) as bar:
        yield bar.update


class Output:
    """Where results go: standard output or a file, as Darknet's lines or as JSON."""

    def __init__(self, form: str, out: str | None) -> None:
        self.form, self.out = form, None if out == "-" else out
        if self.out and not Path(self.out).absolute().parent.is_dir():
            raise UsageError("cannot be written (no such folder)", where=self.out)
        self.lines: list[str] = []
        self.count = 0

    def __enter__(self) -> Output:
        if self.form == "json":
            self._print("[")
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if self.form == "json":
            self._print("\n]")
        if self.out and kind is None:
            write_text(Path(self.out), "\n".join(self.lines) + "\n")

    def write(self, result: Result, milliseconds: float) -> None:
        """The result of one picture."""
        self.count += 1
        if self.form == "json":
            comma = ",\n" if self.count > 1 else ""
            self._print(comma + json.dumps(result.to_dict(), ensure_ascii=False, indent=1))
            return
        self._print(f"{result.filename}: Predicted in {milliseconds:f} milli-seconds.")
        for line in result.lines():
            self._print(line)

    def _print(self, line: str) -> None:
        if self.out:
            self.lines.append(line)
        else:
            click.echo(line)
