"""What commands on pictures share: reading ahead, progress, results, exit status."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import click

from darknet_torch.errors import ImageError, UsageError
from darknet_torch.files import write_text

if TYPE_CHECKING:
    import numpy as np

_SOME_FAILED = 1
_LONG = 10  # pictures from which progress is shown

Chunk = tuple[list[str], "list[np.ndarray]", list[ImageError]]


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
        failed = 0
        arguments = self.arguments
        with (
            Output(arguments["form"], arguments["out"]) as output,
            _progress(len(pictures), quiet=arguments["quiet"]) as advance,
        ):
            for names, images, errors in self._chunks(pictures):
                for error in errors:
                    click.echo(f"dtorch: {error}", err=True)
                failed += len(errors)
                start = time.perf_counter()
                found = self.search(images, names) if images else []
                spent = (time.perf_counter() - start) * 1000 / max(1, len(images))
                for image, result in zip(images, found, strict=True):
                    output.write(each(image, result), spent)
                advance(len(images) + len(errors))
        if failed:
            click.echo(f"dtorch: {failed} of {len(pictures)} pictures failed", err=True)
            sys.exit(_SOME_FAILED)

    def _chunks(self, pictures: Sequence[str]) -> Iterator[Chunk]:
        """Pictures, opened, a batch at a time; the next are read while these are searched."""
        from darknet_torch.images import read_image

        exif, size = self.arguments["exif"], self.arguments["batch"]
        groups = [pictures[start : start + size] for start in range(0, len(pictures), size)]
        with ThreadPoolExecutor(max(1, self.arguments["workers"])) as pool:

            def submit(group: Sequence[str]) -> list[Future[np.ndarray]]:
                return [pool.submit(read_image, path, exif=exif) for path in group]

            ahead = submit(groups[0])
            for index, group in enumerate(groups):
                current = ahead
                ahead = submit(groups[index + 1]) if index + 1 < len(groups) else []
                yield _opened(group, current)


def _opened(names: Sequence[str], futures: Sequence[Future[np.ndarray]]) -> Chunk:
    good, images, errors = [], [], []
    for name, future in zip(names, futures, strict=True):
        try:
            images.append(future.result())
            good.append(name)
        except ImageError as error:
            errors.append(error)
    return good, images, errors


@contextlib.contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
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
