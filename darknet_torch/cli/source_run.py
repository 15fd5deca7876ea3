"""What commands on pictures share: reading ahead, progress, results, exit status."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click

from darknet_torch.cli.result_output import Output, Result
from darknet_torch.media.sources import Kind, PictureSource

if TYPE_CHECKING:
    from darknet_torch.media.frame_batches import Frame, FrameBatch
    from darknet_torch.media.prefetch import BackgroundWriter

_SOME_FAILED = 1
_LONG = 10  # pictures from which progress is shown
_ROOM = 4  # pictures that may wait to be drawn and written

ResultType = TypeVar("ResultType", bound=Result)


@dataclass(frozen=True)
class Sinks(Generic[ResultType]):
    """Where results go.

    Attributes:
        outputs: which print them.
        keep: called with each picture and its result, in a thread behind the network.
        show: called with each picture and its result; true ends the run.
        opened: to be closed at the end of the run.
    """

    outputs: Sequence[Output]
    keep: Sequence[Callable[[Frame, ResultType], None]] = ()
    show: Callable[[Frame, ResultType], bool] | None = None
    opened: Sequence[AbstractContextManager[object]] = ()


class Run(Generic[ResultType]):
    """One command over many pictures.

    Args:
        search: shots to results, a batch at a time.
        sinks: where the results go.
        arguments: the command's keyword arguments (batch, workers, exif, reconnects, quiet).
    """

    def __init__(
        self,
        search: Callable[[list[Frame]], list[ResultType]],
        sinks: Sinks[ResultType],
        arguments: dict[str, Any],
    ) -> None:
        self._search, self._sinks, self._arguments = search, sinks, arguments
        self._done = self._failed = 0
        self._moving = self._live = False
        self._stopped = self._interrupted = False

    def __call__(self, groups: Iterable[Sequence[PictureSource]]) -> None:
        """Search all sources, print the results, exit 1 if some could not be read.

        Args:
            groups: each is searched to its end before the next one is asked for; within it
                reading, network and drawing overlap.

        Raises:
            KeyboardInterrupt: if that ends a live source, the results up to then are kept.
        """
        with ExitStack() as stack:
            for opened in (*self._sinks.outputs, *self._sinks.opened):
                stack.enter_context(opened)
            for sources in groups:
                self._search_group(sources)
                if self._stopped or self._interrupted:
                    break
        if self._interrupted:
            raise KeyboardInterrupt
        if self._failed:
            total = self._done + self._failed
            what = "pictures and frames" if self._moving else "pictures"
            click.echo(f"dtorch: {self._failed} of {total} {what} failed", err=True)
            sys.exit(_SOME_FAILED)

    def _search_group(self, sources: Sequence[PictureSource]) -> None:
        from darknet_torch.media.frame_batches import frame_batches
        from darknet_torch.media.prefetch import BackgroundWriter
        from darknet_torch.media.video_reader import Watching

        arguments = self._arguments
        self._moving |= any(source.moving for source in sources)
        batches = frame_batches(
            sources,
            size=arguments["batch"],
            workers=arguments["workers"],
            watching=Watching(arguments["exif"], arguments.get("reconnects", 0), self._say),
        )
        still = all(source.kind is Kind.PICTURE for source in sources)
        with (
            closing(batches),
            progress(len(sources) if still else 0, quiet=arguments["quiet"]) as advance,
            BackgroundWriter(_ROOM) as behind,
        ):
            try:
                for batch in batches:
                    self._search_batch(batch, behind)
                    advance(len(batch))
                    if self._stopped:
                        break
            except KeyboardInterrupt:
                if not self._live:
                    raise
                self._interrupted = True

    def _search_batch(self, batch: FrameBatch, behind: BackgroundWriter) -> None:
        for error in batch.errors:
            click.echo(f"dtorch: {error}", err=True)
        self._failed += len(batch.errors)
        if not batch.shots:
            return
        self._live = batch.shots[-1].source.live
        start = time.perf_counter()
        results = self._search(batch.shots)
        spent = (time.perf_counter() - start) * 1000 / len(results)
        for shot, result in zip(batch.shots, results, strict=True):
            self._done += 1
            for output in self._sinks.outputs:
                output.write(shot, result, spent)
            behind.do(partial(self._keep, shot, result))
            if self._sinks.show is not None and not self._stopped:
                self._stopped = self._sinks.show(shot, result)

    def _keep(self, shot: Frame, result: ResultType) -> None:
        for keep in self._sinks.keep:
            keep(shot, result)

    def _say(self, text: str) -> None:
        if not self._arguments["quiet"]:
            click.echo(text, err=True)


@contextlib.contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while pictures are worked on, and how to move it on."""
    if quiet or total < _LONG or not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=total, label="pictures", file=sys.stderr) as bar:
        yield bar.update
