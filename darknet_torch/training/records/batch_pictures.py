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

_BATCHES = 3
_SAMPLES = 16  # of a mini-batch
_SIDE = 416  # pixels of a sample at most

Sink = Callable[[str, np.ndarray, int], None]  # gets a name, BGR uint8 [H, W, 3], the iteration


class BatchPictures(LookedAt):
    """Draws the first mini-batches of a new run as the network sees them, with their truths.

    Args:
        sinks: get each picture, whose name is "batch_1" and so on.
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
            self._drawn = _BATCHES  # those of a run that goes on are there

    def on_batch(self, loop: TrainingLoop, batch: TrainBatch) -> None:
        if self._drawn < _BATCHES:
            self._drawn += 1
            with self.tolerating(loop):
                self._draw(batch, loop.iteration)

    def _draw(self, batch: TrainBatch, iteration: int) -> None:
        images = batch.images[:_SAMPLES].float().cpu().numpy()
        small = np.stack([_smaller(image) for image in images])
        truths = batch.truths[:_SAMPLES].float().cpu().numpy()
        sheet = batch_sheet(small, truths, self._names, side=self._side)
        for sink in self._sinks:
            sink(f"batch_{self._drawn}", sheet, iteration)


def _smaller(image: np.ndarray) -> np.ndarray:
    """A sample [C, H, W], made smaller if it is large."""
    scale = _SIDE / max(image.shape[1:])
    if scale >= 1:
        return image
    size = round(image.shape[2] * scale), round(image.shape[1] * scale)
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in image])
