"""Pictures and video frames in batches, read in threads ahead of their use. No torch."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from darknet_torch.errors import CfgWarning, ImageError
from darknet_torch.media.decoding import DecodedPicture, decode_picture, read_picture
from darknet_torch.media.path_advice import advising
from darknet_torch.media.prefetch import Prefetcher
from darknet_torch.media.sources import PictureSource, SourceKind, expand_standard_input
from darknet_torch.media.video_reader import DEFAULT_FPS, VideoReadOptions, read_frames
from darknet_torch.media.web_picture import fetch_if_picture, fetch_picture


@dataclass(frozen=True)
class Frame:
    """One picture, or one frame of a video.

    Attributes:
        source: where it comes from.
        index: its position among all pictures and frames of the run, from 0. Those that could
            not be opened count too.
        image: BGR uint8 [H, W, 3].
        number: the number of a video frame in its source, from 1; 1 for a picture.
        fps: frames per second of its source.
        damage: what is wrong with a picture that could be read all the same.
    """

    source: PictureSource
    index: int
    image: np.ndarray
    number: int = 1
    fps: float = DEFAULT_FPS
    damage: CfgWarning | None = None

    @property
    def filename(self) -> str:
        """The name of its source."""
        return self.source.name


@dataclass(frozen=True)
class FrameBatch:
    """Some consecutive items of a run: either all pictures or all video frames.

    Attributes:
        frames: the items that could be opened.
        errors: one error for each item that could not.
    """

    frames: list[Frame] = field(default_factory=list)
    errors: list[ImageError] = field(default_factory=list)

    @property
    def images(self) -> list[np.ndarray]:
        """The images of `frames`, each BGR uint8 [H, W, 3]."""
        return [frame.image for frame in self.frames]

    @property
    def indices(self) -> list[int]:
        """The positions of `frames` in the run, see `Frame.index`."""
        return [frame.index for frame in self.frames]

    @property
    def drop_if_newer(self) -> bool:
        """Whether a newer batch may replace it: all of it are frames of a live source."""
        return not self.errors and all(frame.source.is_live for frame in self.frames)

    def __len__(self) -> int:
        """The number of items, those with errors included."""
        return len(self.frames) + len(self.errors)


@dataclass(frozen=True)
class _Item:
    """An item in the queue: a frame, a picture that may still be being read, or an error."""

    source: PictureSource
    content: Future[Frame | ImageError] | Frame | ImageError

    @property
    def drop_if_newer(self) -> bool:
        return self.source.is_live and isinstance(self.content, Frame)

    def wait(self) -> Frame | ImageError:
        return self.content.result() if isinstance(self.content, Future) else self.content


def picture_batches(
    pictures: Iterable[str | os.PathLike[str]],
    *,
    size: int,
    workers: int,
    exif: bool = True,
    report: Callable[[str], None] = lambda text: None,
) -> Iterator[FrameBatch]:
    """Yield all pictures in order, in batches; later pictures are read while these are used.

    Args:
        pictures: paths of the pictures.
        size: pictures per batch, 1 or more.
        workers: number of reading threads; 0 means one.
        exif: rotate pictures according to their EXIF orientation.
        report: called with a message for each picture that is damaged.
    """
    sources = (PictureSource(os.fspath(picture)) for picture in pictures)
    options = VideoReadOptions(exif, report=report)
    return frame_batches(sources, size=size, workers=workers, options=options)


def frame_batches(
    sources: Iterable[PictureSource], *, size: int, workers: int, options: VideoReadOptions
) -> Generator[FrameBatch, None, None]:
    """Yield the pictures and frames of all sources in order, in batches, reading ahead.

    For a live source only the newest frame waits in the queue: older ones are dropped, as in
    Darknet's demo.

    Args:
        sources: pictures, videos, or standard input; taken one by one as they are needed.
        size: items per batch, 1 or more; a batch never mixes pictures and video frames.
        workers: number of threads that read pictures; 0 means one.
        options: how to read.

    Source: demo.c fetch_in_thread (AlexeyAB).
    """
    workers = max(1, workers)
    with (
        ThreadPoolExecutor(workers) as pool,
        Prefetcher(
            _read_items(sources, pool, options),
            max(workers, size),
            lambda item: item.drop_if_newer,
        ) as items,
    ):
        for _, group in itertools.groupby(items, lambda item: item.source.is_video):
            while chunk := list(itertools.islice(group, size)):
                yield _batch_of(chunk, options.report)


def _batch_of(items: Iterable[_Item], report: Callable[[str], None]) -> FrameBatch:
    batch = FrameBatch()
    for item in items:
        content = item.wait()
        if isinstance(content, Frame):
            batch.frames.append(content)
            if content.damage is not None:
                report(f"warning: {content.damage}")
        else:
            batch.errors.append(content)
    return batch


def _read_items(
    sources: Iterable[PictureSource], pool: ThreadPoolExecutor, options: VideoReadOptions
) -> Generator[_Item, None, None]:
    index = 0
    for named in expand_standard_input(sources):
        try:
            source, content = _find_kind(named)
        except ImageError as error:
            yield _Item(named, error)
            index += 1
            continue
        if not source.is_video:
            yield _Item(source, pool.submit(_read_picture, source, content, index, options))
            index += 1
            continue
        for frame in read_frames(source, options):
            if isinstance(frame, ImageError):
                yield _Item(source, frame)
            else:
                yield _Item(source, Frame(source, index, frame.image, frame.number, frame.fps))
            index += 1


def _find_kind(source: PictureSource) -> tuple[PictureSource, bytes | None]:
    """Request what may be a picture or a stream; return which, and the content of a picture.

    Raises:
        ImageError: it cannot be requested.
    """
    if source.kind is not SourceKind.WEB:
        return source, None
    content = fetch_if_picture(source.name).picture
    kind = SourceKind.STREAM if content is None else SourceKind.WEB_PICTURE
    return replace(source, kind=kind), content


def _read_picture(
    source: PictureSource, content: bytes | None, index: int, options: VideoReadOptions
) -> Frame | ImageError:
    """Read a picture, or decode the content of its file, if that is there already."""
    try:
        decoded = _decode(source, content, exif=options.exif)
    except ImageError as error:
        return error
    return Frame(source, index, decoded.image, damage=decoded.damage)


def _decode(source: PictureSource, content: bytes | None, *, exif: bool) -> DecodedPicture:
    if source.kind is not SourceKind.WEB_PICTURE:
        with advising(source.name):
            return read_picture(source.name, exif=exif)
    data = fetch_picture(source.name) if content is None else content
    return decode_picture(data, where=source.name, exif=exif)
