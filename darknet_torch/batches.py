"""Pictures, opened in threads ahead of their use, a batch at a time. No torch."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from darknet_torch.errors import ImageError
from darknet_torch.images import read_image


@dataclass(frozen=True)
class Batch:
    """Some pictures of a run.

    Attributes:
        places: of those that could be opened, among all pictures of the run, from 0.
        images: those, each BGR uint8 [H, W, 3].
        errors: what is wrong with the others.
    """

    places: list[int]
    images: list[np.ndarray]
    errors: list[ImageError]

    def __len__(self) -> int:
        return len(self.images) + len(self.errors)


def opened_batches(
    pictures: Sequence[str | os.PathLike[str]], *, size: int, workers: int, exif: bool = True
) -> Iterator[Batch]:
    """All pictures in order; the next are read while these are used.

    Args:
        pictures: their paths.
        size: how many at once, 1 or more.
        workers: threads that read; one if 0.
        exif: turn them as their EXIF orientation says.
    """
    groups = [
        range(start, min(start + size, len(pictures))) for start in range(0, len(pictures), size)
    ]
    workers = max(1, workers)
    ahead = -(-workers // size)  # groups that keep all workers busy
    with ThreadPoolExecutor(workers) as pool:

        def submit(group: range) -> list[Future[np.ndarray]]:
            return [pool.submit(read_image, pictures[place], exif=exif) for place in group]

        pending = deque(submit(group) for group in groups[:ahead])
        for index, group in enumerate(groups):
            current = pending.popleft()
            pending.extend(submit(later) for later in groups[index + ahead : index + ahead + 1])
            yield _opened(group, current)


def _opened(places: Sequence[int], futures: Sequence[Future[np.ndarray]]) -> Batch:
    batch = Batch([], [], [])
    for place, future in zip(places, futures, strict=True):
        try:
            batch.images.append(future.result())
            batch.places.append(place)
        except ImageError as error:
            batch.errors.append(error)
    return batch
