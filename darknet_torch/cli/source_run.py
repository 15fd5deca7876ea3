"""A command that runs a network over sources of pictures: reading, results, exit status."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import click

from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.progress import progress_bar
from darknet_torch.cli.result_formats import Result
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.terminal import echo
from darknet_torch.media.sources import PictureSource

if TYPE_CHECKING:
    from darknet_torch.media.frame_batches import Frame, FrameBatch
    from darknet_torch.media.prefetch import BackgroundWriter

_SOME_FAILED = 1
_MOST_WAITING = 4  # pictures that may wait to be drawn and written

ResultType = TypeVar("ResultType", bound=Result)


@dataclass(frozen=True, kw_only=True)
class ReadingSettings:
    """Settings for reading sources.

    Attributes:
        batch: pictures per batch.
        workers: threads that read pictures.
        exif: rotate pictures according to their EXIF orientation.
        quiet: print neither progress nor remarks.
        reconnects: how many times in a row to open a live source again after it dropped.
    """

    batch: int
    workers: int
    exif: bool
    quiet: bool
    reconnects: int = 0


@dataclass(frozen=True)
class Sinks(Generic[ResultType]):
    """The receivers of results.

    Attributes:
        outputs: print or write the results.
        keep: called with each picture and its result, in a thread of its own, so that the
            network continues meanwhile.
        show: called with each picture and its result; true ends the run.
        opened: closed at the end of the run.
        written: called at the end; each returns a line about the files that were written, or
            an empty text if there are none.
    """

    outputs: Sequence[ResultOutput]
    keep: Sequence[Callable[[Frame, ResultType], None]] = ()
    show: Callable[[Frame, ResultType], bool] | None = None
    opened: Sequence[AbstractContextManager[object]] = ()
    written: Sequence[Callable[[], str]] = ()


class SourceRun(Generic[ResultType]):
    """A run of a network over sources.

    Args:
        process: computes the results of a batch of frames.
        sinks: where the results go.
        reading: how the sources are read.
    """

    def __init__(
        self,
        process: Callable[[list[Frame]], list[ResultType]],
        sinks: Sinks[ResultType],
        reading: ReadingSettings,
    ) -> None:
        self._process, self._sinks, self._reading = process, sinks, reading
        self._done = self._failed = 0
        self._sources: set[PictureSource] = set()
        self._moving = self._live = False
        self._stopped = self._interrupted = False

    def run(self, groups: Iterable[Sequence[PictureSource]]) -> None:
        """Process all sources, print the results, and exit with 1 if some could not be read.

        Args:
            groups: each is processed to its end before the next one is asked for; within a
                group reading, network and drawing overlap.

        Raises:
            KeyboardInterrupt: if that ends a live source, the results up to then are kept.
        """
        with ExitStack() as stack:
            for opened in (*self._sinks.outputs, *self._sinks.opened):
                stack.enter_context(opened)
            for sources in groups:
                self._run_group(sources)
                if self._stopped or self._interrupted:
                    break
        self._report_written()
        if self._interrupted:
            raise KeyboardInterrupt
        if self._failed:
            total = self._done + self._failed
            what = "pictures and frames" if self._moving else "pictures"
            click.echo(f"dtorch: {self._failed} of {total} {what} failed", err=True)
            sys.exit(_SOME_FAILED)

    def _report_written(self) -> None:
        """Say where the results are."""
        lines = [line() for line in self._sinks.written]
        lines += [f"results: {output.path}" for output in self._sinks.outputs if output.path]
        for line in filter(None, lines):
            self._print_remark(line)

    def _run_group(self, sources: Sequence[PictureSource]) -> None:
        from darknet_torch.media.frame_batches import frame_batches
        from darknet_torch.media.prefetch import BackgroundWriter
        from darknet_torch.media.video_reader import VideoReadOptions

        self._protect(sources)
        reading = self._reading
        self._moving |= any(source.is_video for source in sources)
        batches = frame_batches(
            sources,
            size=reading.batch,
            workers=reading.workers,
            options=VideoReadOptions(reading.exif, reading.reconnects, self._print_remark),
        )
        pictures_only = all(source.is_picture for source in sources)
        with (
            closing(batches),
            progress_bar(len(sources) if pictures_only else 0, quiet=reading.quiet) as advance,
            BackgroundWriter(_MOST_WAITING) as writer,
        ):
            try:
                for batch in batches:
                    self._run_batch(batch, writer)
                    advance(len(batch))
                    if self._stopped:
                        break
            except KeyboardInterrupt:
                if not self._live:
                    raise
                self._interrupted = True

    def _run_batch(self, batch: FrameBatch, writer: BackgroundWriter) -> None:
        for error in batch.errors:
            echo(f"dtorch: {error}", err=True)
        self._failed += len(batch.errors)
        if not batch.frames:
            return
        self._protect([frame.source for frame in batch.frames])  # of a list on standard input
        self._live = batch.frames[-1].source.is_live
        self._moving |= batch.frames[-1].source.is_video
        start = time.perf_counter()
        results = self._process(batch.frames)
        milliseconds = (time.perf_counter() - start) * 1000 / len(results)
        for frame, result in zip(batch.frames, results, strict=True):
            self._done += 1
            for output in self._sinks.outputs:
                output.write(frame, result, milliseconds)
            writer.submit(partial(self._keep, frame, result))
            if self._sinks.show is not None and not self._stopped:
                self._stopped = self._sinks.show(frame, result)

    def _protect(self, sources: Iterable[PictureSource]) -> None:
        """Keep outputs from replacing the sources."""
        new = [source for source in sources if source not in self._sources]
        if new:
            self._sources.update(new)
            protect_inputs([source.name for source in new])

    def _keep(self, frame: Frame, result: ResultType) -> None:
        for keep in self._sinks.keep:
            keep(frame, result)

    def _print_remark(self, text: str) -> None:
        if not self._reading.quiet:
            echo(text, err=True)
