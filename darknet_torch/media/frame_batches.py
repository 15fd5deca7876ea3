"""Pictures and frames, opened in threads ahead of their use, a batch at a time. No torch."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from darknet_torch.errors import ImageError
from darknet_torch.media.images import read_image
from darknet_torch.media.prefetch import Prefetcher
from darknet_torch.media.sources import PictureSource, expand_standard_input
from darknet_torch.media.video_reader import DEFAULT_FPS, VideoReadOptions, read_frames


@dataclass(frozen=True)
class Frame:
    """A picture, or a frame of a video.

    Attributes:
        source: where it is from.
        index: among all of the run, those counted that could not be opened, from 0.
        image: BGR uint8 [H, W, 3].
        number: of a frame in its source, from 1.
        fps: frames a second of its source.
    """

    source: PictureSource
    index: int
    image: np.ndarray
    number: int = 1
    fps: float = DEFAULT_FPS

    @property
    def filename(self) -> str:
        """The name of its source."""
        return self.source.name


@dataclass(frozen=True)
class FrameBatch:
    """Some frames of a run, either pictures or frames.

    Attributes:
        frames: those that could be opened.
        errors: what is wrong with the others.
    """

    frames: list[Frame] = field(default_factory=list)
    errors: list[ImageError] = field(default_factory=list)

    @property
    def images(self) -> list[np.ndarray]:
        """Of the frames, each BGR uint8 [H, W, 3]."""
        return [frame.image for frame in self.frames]

    @property
    def indices(self) -> list[int]:
        """Of the frames."""
        return [frame.index for frame in self.frames]

    def __len__(self) -> int:
        return len(self.frames) + len(self.errors)


@dataclass(frozen=True)
class _Item:
    """What waits to be used: a picture that may still be being read, a frame, or an error."""

    source: PictureSource
    content: Future[Frame | ImageError] | Frame | ImageError

    @property
    def drop_if_newer(self) -> bool:
        return self.source.is_live and isinstance(self.content, Frame)

    def settled(self) -> Frame | ImageError:
        return self.content.result() if isinstance(self.content, Future) else self.content


def picture_batches(
    pictures: Iterable[str | os.PathLike[str]], *, size: int, workers: int, exif: bool = True
) -> Iterator[FrameBatch]:
    """All pictures in order; the next are read while these are used.

    Args:
        pictures: their paths.
        size: how many at once, 1 or more.
        workers: threads that read; one if 0.
        exif: turn them as their EXIF orientation says.
    """
    sources = (PictureSource(os.fspath(picture)) for picture in pictures)
    return frame_batches(sources, size=size, workers=workers, options=VideoReadOptions(exif))


def frame_batches(
    sources: Iterable[PictureSource], *, size: int, workers: int, options: VideoReadOptions
) -> Generator[FrameBatch, None, None]:
    """The frames of all sources in order; the next are opened while these are used.

    Of a live source the newest frame alone waits: those before it are dropped, as in
    Darknet's demo.

    Args:
        sources: pictures, videos, lists on standard input; taken one by one as needed.
        size: how many at once, 1 or more; pictures and frames do not mix.
        workers: threads that read pictures; one if 0.
        options: how to read.

    Source: demo.c fetch_in_thread (AlexeyAB).
    """
    workers = max(1, workers)
    with (
        ThreadPoolExecutor(workers) as pool,
        Prefetcher(
            _items(sources, pool, options), max(workers, size), lambda item: item.drop_if_newer
        ) as items,
    ):
        for _, group in itertools.groupby(items, lambda item: item.source.is_video):
            while some := list(itertools.islice(group, size)):
                batch = FrameBatch()
                for item in some:
                    frame = item.settled()
                    if isinstance(frame, Frame):
                        batch.frames.append(frame)
                    else:
                        batch.errors.append(frame)
                yield batch


def _items(
    sources: Iterable[PictureSource], pool: ThreadPoolExecutor, options: VideoReadOptions
) -> Generator[_Item, None, None]:
    index = 0
    for source in expand_standard_input(sources):
        if not source.is_video:
            yield _Item(source, pool.submit(_read, source, index, options))
            index += 1
            continue
        for frame in read_frames(source, options):
            if isinstance(frame, ImageError):
                yield _Item(source, frame)
            else:
                yield _Item(source, Frame(source, index, frame.image, frame.number, frame.fps))
            index += 1


def _read(source: PictureSource, index: int, options: VideoReadOptions) -> Frame | ImageError:
    try:
        return Frame(source, index, read_image(source.name, exif=options.exif))
    except ImageError as error:
        return error
