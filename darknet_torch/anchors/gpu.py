"""Finds the nearest anchors with torch on a CUDA device. Only this module imports torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from darknet_torch.anchors.distances import Distance, iou_distance, squared_distance
from darknet_torch.errors import UsageError


def _iou_distance(width: Tensor, height: Tensor, anchors: Tensor) -> Tensor:
    shared = torch.minimum(width, anchors[:, :1]) * torch.minimum(height, anchors[:, 1:])
    union = width * height + anchors[:, :1] * anchors[:, 1:] - shared
    return 1 - shared / union


def _squared_distance(width: Tensor, height: Tensor, anchors: Tensor) -> Tensor:
    width, height = width - anchors[:, :1], height - anchors[:, 1:]
    return width * width + height * height


_ON_DEVICE: dict[Distance, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    iou_distance: _iou_distance,
    squared_distance: _squared_distance,
}


class NearestOnDevice:
    """`nearest_by` on a torch device.

    It uses the same float64 operations in the same order, each correctly rounded, so that the
    distances and the anchors equal numpy's bit for bit.

    Args:
        device: torch's name of the device.
        distance: `iou_distance` or `squared_distance`.

    Raises:
        UsageError: there is no such device.
    """

    def __init__(self, device: str, distance: Distance) -> None:
        self.device, self.distance = device, _ON_DEVICE[distance]
        self.values, self.resident = np.empty((2, 0)), torch.empty(2, 0)
        try:
            torch.zeros(1, device=device)
        except (RuntimeError, AssertionError) as error:  # torch without CUDA raises AssertionError
            what = str(error).splitlines()[0]
            raise UsageError(
                f"cannot use device {device!r}", got=what, fix="leave out --device"
            ) from None

    def __call__(self, values: np.ndarray, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`Nearest.__call__`. Boxes stay on the device between rounds."""
        if values is not self.values:
            self.values, self.resident = values, torch.from_numpy(values).to(self.device)
        width, height = self.resident
        table = self.distance(width, height, torch.from_numpy(anchors).to(self.device))
        # Not argmin: on a GPU torch does not specify which of equal values it returns.
        distances = table.amin(0)
        numbers = torch.arange(len(anchors), device=self.device)[:, None]
        indices = torch.where(table == distances, numbers, len(anchors)).amin(0)
        kind = np.min_scalar_type(len(anchors))
        return indices.cpu().numpy().astype(kind), distances.cpu().numpy()
