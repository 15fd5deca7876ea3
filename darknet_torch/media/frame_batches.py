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
from darknet_torch.media.sources import PictureSource, each_source
from darknet_torch.media.video_reader import USUAL_RATE, Watching, frames


@dataclass(frozen=True)
class Frame:
    """A picture, or a frame of a video.

    Attributes:
        source: where it is from.
        place: among all of the run, those counted that could not be opened, from 0.
        image: BGR uint8 [H, W, 3].
        number: of a frame in its source, from 1.
        rate: frames a second of its source.
    """

    source: PictureSource
    place: int
    image: np.ndarray
    number: int = 1
    rate: float = USUAL_RATE

    @property
    def filename(self) -> str:
        """The name of its source."""
        return self.source.name


@dataclass(frozen=True)
class FrameBatch:
    """Some shots of a run, either pictures or frames.

    Attributes:
        shots: those that could be opened.
        errors: what is wrong with the others.
    """

    shots: list[Frame] = field(default_factory=list)
    errors: list[ImageError] = field(default_factory=list)

    @property
    def images(self) -> list[np.ndarray]:
        """Of the shots, each BGR uint8 [H, W, 3]."""
        return [shot.image for shot in self.shots]

    @property
    def places(self) -> list[int]:
        """Of the shots."""
        return [shot.place for shot in self.shots]

    def __len__(self) -> int:
        return len(self.shots) + len(self.errors)


@dataclass(frozen=True)
class _Item:
    """What waits to be used: a picture that may still be being read, a frame, or an error."""

    source: PictureSource
    content: Future[Frame | ImageError] | Frame | ImageError

    @property
    def drop_if_newer(self) -> bool:
        return self.source.live and isinstance(self.content, Frame)

    def settled(self) -> Frame | ImageError:
        return self.content.result() if isinstance(self.content, Future) else self.content


def opened_batches(
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
    return frame_batches(sources, size=size, workers=workers, watching=Watching(exif))


def frame_batches(
    sources: Iterable[PictureSource], *, size: int, workers: int, watching: Watching
) -> Generator[FrameBatch, None, None]:
    """The shots of all sources in order; the next are opened while these are used.

    Of a live source the newest frame alone waits: those before it are dropped, as in
    Darknet's demo.

    Args:
        sources: pictures, videos, lists on standard input; taken one by one as needed.
        size: how many at once, 1 or more; pictures and frames do not mix.
        workers: threads that read pictures; one if 0.
        watching: how to read.

    Source: demo.c fetch_in_thread (AlexeyAB).
    """
    workers = max(1, workers)
    with (
        ThreadPoolExecutor(workers) as pool,
        Prefetcher(
            _items(sources, pool, watching), max(workers, size), lambda item: item.drop_if_newer
        ) as items,
    ):
        for _, group in itertools.groupby(items, lambda item: item.source.moving):
            while some := list(itertools.islice(group, size)):
                batch = FrameBatch()
                for item in some:
                    shot = item.settled()
                    if isinstance(shot, Frame):
                        batch.shots.append(shot)
                    else:
                        batch.errors.append(shot)
                yield batch


def _items(
    sources: Iterable[PictureSource], pool: ThreadPoolExecutor, watching: Watching
) -> Generator[_Item, None, None]:
    place = 0
    for source in each_source(sources):
        if not source.moving:
            yield _Item(source, pool.submit(_read, source, place, watching))
            place += 1
            continue
        for frame in frames(source, watching):
            if isinstance(frame, ImageError):
                yield _Item(source, frame)
            else:
                yield _Item(source, Frame(source, place, frame.image, frame.number, frame.rate))
            place += 1


def _read(source: PictureSource, place: int, watching: Watching) -> Frame | ImageError:
    try:
        return Frame(source, place, read_image(source.name, exif=watching.exif))
    except ImageError as error:
        return error
