"""What a network predicts for a batch of pictures. Importing this imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from darknet_torch.decoding.candidates import Candidates
from darknet_torch.inference.head_outputs import HeadOutput
from darknet_torch.media.images import Placement

if TYPE_CHECKING:
    from darknet_torch.heads.base import Predictions
    from darknet_torch.inference.gpu.pipeline import DevicePredictions


@dataclass(frozen=True)
class BatchPredictions:
    """A network's predictions for a batch of N pictures.

    Attributes:
        outputs: what each head predicts, in the order of the heads.
        placements: [N] where each picture lies in the network's input.
        on_device: the same for `DeviceDetector`, if that computed it.
    """

    outputs: Sequence[HeadOutput]
    placements: list[Placement]
    on_device: DevicePredictions | None = None

    @cached_property
    def predictions(self) -> Predictions:
        """All boxes of all heads, which are decoded when first asked for."""
        from darknet_torch.heads.base import Predictions

        return Predictions.join([output.predictions() for output in self.outputs])

    def of_picture(self, index: int) -> BatchPredictions:
        """Return the predictions for one picture."""
        outputs = [output.of_picture(index) for output in self.outputs]
        return BatchPredictions(outputs, [self.placements[index]])

    def candidates(self, threshold: float) -> Candidates:
        """Return the boxes of all heads whose objectness is above a threshold, 0-1.

        Nothing else is decoded.
        """
        return Candidates.join([output.candidates(threshold) for output in self.outputs])

    def boxes_in_pictures(self, found: Candidates) -> np.ndarray:
        """Place candidates in their pictures: [K, 4] in 0-1 of the picture."""
        boxes = found.boxes.astype(np.float64)
        for placement, own in zip(self.placements, self.slices(found), strict=True):
            boxes[own] = placement.to_picture(boxes[own])
        return boxes

    def slices(self, found: Candidates) -> list[slice]:
        """Return which of the candidates belong to each picture."""
        return found.slices(len(self.placements))
