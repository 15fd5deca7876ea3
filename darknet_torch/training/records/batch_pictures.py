"""The first mini-batches as pictures: ``<cfg>_batch_1.png`` and so on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from darknet_torch.augment.batch_sheet import batch_sheet
from darknet_torch.training.records.looked_at import LookedAt

if TYPE_CHECKING:
    from darknet_torch.training.batches import TrainBatch
    from darknet_torch.training.loop import TrainingLoop

BATCH_NAMES = ("batch_1", "batch_2", "batch_3")
_SAMPLES = 16  # of a mini-batch
_SIDE = 416  # pixels of a sample at most
_LEAST_SIDE = 200  # pixels; smaller samples are made larger, so that labels do not cover them

Sink = Callable[[str, np.ndarray, int], None]  # gets a name, BGR uint8 [H, W, 3], the iteration


class BatchPictures(LookedAt):
    """Draws the first mini-batches of a new run as the network sees them, with their truths.

    Args:
        sinks: get each picture, whose name is one of `BATCH_NAMES`, and its iteration.
        names: of the classes.
        side: cells per side of a [detection] head, None for others.
    """

    what = "a picture of the first mini-batches"

    def __init__(self, sinks: Sequence[Sink], names: Sequence[str], side: int | None) -> None:
        super().__init__()
        self._sinks, self._names, self._side = sinks, names, side
        self._drawn = 0

    def on_start(self, loop: TrainingLoop) -> None:
        if loop.iteration or not loop.network.net.is_picture:
            self._drawn = len(BATCH_NAMES)  # those of a run that goes on are there

    def on_batch(self, loop: TrainingLoop, batch: TrainBatch) -> None:
        if self._drawn < len(BATCH_NAMES):
            name = BATCH_NAMES[self._drawn]
            self._drawn += 1
            with self.tolerating(loop):
                self._draw(name, batch, loop.iteration + 1)

    def _draw(self, name: str, batch: TrainBatch, iteration: int) -> None:
        images = batch.images[:_SAMPLES].float().cpu().numpy()
        samples = np.stack([_readable(image) for image in images])
        truths = batch.truths[:_SAMPLES].float().cpu().numpy()
        sheet = batch_sheet(samples, truths, self._names, side=self._side)
        for sink in self._sinks:
            sink(name, sheet, iteration)


def _readable(image: np.ndarray) -> np.ndarray:
    """A sample [C, H, W] made smaller if it is large; if it is small, each pixel made larger."""
    longest = max(image.shape[1:])
    if longest < _LEAST_SIDE:
        times = -(-_LEAST_SIDE // longest)
        return image.repeat(times, axis=1).repeat(times, axis=2)
    if longest <= _SIDE:
        return image
    scale = _SIDE / longest
    size = round(image.shape[2] * scale), round(image.shape[1] * scale)
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in image])
