"""A command that runs a network over sources of pictures: reading, results, exit status."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.progress import progress_bar
from darknet_torch.cli.result_formats import Result
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.terminal import echo
from darknet_torch.media.sources import PictureSource

if TYPE_CHECKING:
    from darknet_torch.errors import ImageError
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
class Steps(Generic[ResultType]):
    """What a network does with a batch of frames, in three steps that overlap in time.

    Attributes:
        prepare: makes the network's input, in a thread of its own.
        predict: runs the network on that, in the main thread.
        finish: makes the result of each frame from the frames and the output of `predict`, in a
            thread of its own. It sees all batches in their order.
    """

    prepare: Callable[[list[Frame]], Any]
    predict: Callable[[Any], Any]
    finish: Callable[[list[Frame], Any], list[ResultType]]


@dataclass
class _Work:
    """A batch on its way through the steps.

    Attributes:
        batch: the frames, and the errors of those that could not be read.
        value: what the last step returned; None before the first.
        seconds: the time that the steps took so far.
    """

    batch: FrameBatch
    value: Any = None
    seconds: float = 0.0

    def do(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Run a step and keep what it returns."""
        start = time.perf_counter()
        self.value = step(*arguments)
        self.seconds += time.perf_counter() - start
        return self.value


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
        failed: called with the error of each picture or frame that cannot be read.
    """

    outputs: Sequence[ResultOutput]
    keep: Sequence[Callable[[Frame, ResultType], None]] = ()
    show: Callable[[Frame, ResultType], bool] | None = None
    opened: Sequence[AbstractContextManager[object]] = ()
    written: Sequence[Callable[[], str]] = ()
    failed: Sequence[Callable[[ImageError], None]] = ()


class SourceRun(Generic[ResultType]):
    """A run of a network over sources.

    Args:
        steps: compute the results of a batch of frames.
        sinks: where the results go.
        reading: how the sources are read.
    """

    def __init__(
        self,
        steps: Steps[ResultType],
        sinks: Sinks[ResultType],
        reading: ReadingSettings,
    ) -> None:
        self._steps, self._sinks, self._reading = steps, sinks, reading
        self._done = self._failed = 0
        self._sources: set[PictureSource] = set()
        self._moving = self._live = False
        self._stopped = self._interrupted = False

    def run(self, groups: Iterable[Sequence[PictureSource]]) -> None:
        """Process all sources, print the results, and exit with 1 if some could not be read.

        Args:
            groups: each is processed to its end before the next one is asked for; within a
                group reading, the steps of the network, and drawing overlap.

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
            echo(f"dtorch: {self._failed} of {total} {what} failed", err=True)
            sys.exit(_SOME_FAILED)

    def _report_written(self) -> None:
        """Say where the results are."""
        lines = [line() for line in self._sinks.written]
        lines += [f"results: {output.path}" for output in self._sinks.outputs if output.path]
        for line in filter(None, lines):
            self._print_remark(line)

    def _run_group(self, sources: Sequence[PictureSource]) -> None:
        from darknet_torch.media.prefetch import BackgroundWriter

        self._protect(sources)
        self._moving |= any(source.is_video for source in sources)
        pictures_only = all(source.is_picture for source in sources)
        # What is printed is drawn, too, also when the run is interrupted: a few pictures at most.
        bar = progress_bar(len(sources) if pictures_only else 0, quiet=self._reading.quiet)
        with bar as advance, BackgroundWriter(_MOST_WAITING) as writer:
            try:
                self._run_steps(sources, writer, advance)
            except KeyboardInterrupt:
                if not self._live:
                    raise
                self._interrupted = True

    def _run_steps(
        self,
        sources: Sequence[PictureSource],
        writer: BackgroundWriter,
        advance: Callable[[int], None],
    ) -> None:
        from darknet_torch.media.frame_batches import frame_batches
        from darknet_torch.media.pipeline import Pipeline
        from darknet_torch.media.video_reader import VideoReadOptions

        reading = self._reading
        batches = frame_batches(
            sources,
            size=reading.batch,
            workers=reading.workers,
            options=VideoReadOptions(reading.exif, reading.reconnects, self._print_remark),
        )
        pipeline = Pipeline(
            self._prepare,
            self._predict,
            partial(self._finish, writer=writer, advance=advance),
            lambda work: work.batch.drop_if_newer,
        )
        with closing(pipeline.run(batches)) as all_results:
            for results in all_results:
                if self._sinks.show is not None and self._show(results.result()):
                    break

    def _prepare(self, batch: FrameBatch) -> _Work:
        """Prepare a batch in advance; of a live source only those are prepared that are used."""
        work = _Work(batch)
        if batch.frames and not batch.drop_if_newer:
            work.do(self._steps.prepare, batch.frames)
        return work

    def _predict(self, work: _Work) -> _Work:
        frames = work.batch.frames
        if frames:
            self._protect([frame.source for frame in frames])  # of a list on standard input
            self._live = frames[-1].source.is_live
            self._moving |= frames[-1].source.is_video
            prepared = (
                work.value if work.value is not None else work.do(self._steps.prepare, frames)
            )
            work.do(self._steps.predict, prepared)
        return work

    def _finish(
        self, work: _Work, *, writer: BackgroundWriter, advance: Callable[[int], None]
    ) -> list[tuple[Frame, ResultType]]:
        """Make the results of a batch, and hand them to the sinks."""
        frames, errors = work.batch.frames, work.batch.errors
        for error in errors:
            echo(f"dtorch: {error}", err=True)
            for note_error in self._sinks.failed:
                note_error(error)
        self._failed += len(errors)
        results = work.do(self._steps.finish, frames, work.value) if frames else []
        pairs = list(zip(frames, results, strict=True))
        for frame, result in pairs:
            self._done += 1
            for output in self._sinks.outputs:
                output.write(frame, result, work.seconds * 1000 / len(frames))
            writer.submit(partial(self._keep, frame, result))
        advance(len(work.batch))
        return pairs

    def _show(self, pairs: Iterable[tuple[Frame, ResultType]]) -> bool:
        """Show results, in the main thread as windows need it, until one of them ends the run."""
        assert self._sinks.show is not None, "asked before"
        self._stopped = any(self._sinks.show(frame, result) for frame, result in pairs)
        return self._stopped

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
