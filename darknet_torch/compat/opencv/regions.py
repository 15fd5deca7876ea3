"""Decode a head's output into rows of boxes and scores, as OpenCV's Region layer does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.numbers import read_number
from darknet_torch.heads.base import Head
from darknet_torch.heads.region import Region
from darknet_torch.results.suppression import apply_nms

_THRESHOLD, _NMS_THRESHOLD = 0.2, 0.0
_REGION_THRESHOLD, _REGION_NMS_THRESHOLD = 0.001, 0.4
_CLASSFIX_OBJECTNESS = 0.5  # with classfix=-1 boxes below it have no class scores


@dataclass
class RegionRows:
    """Computes the rows that OpenCV's Region layer gives for one head.

    Attributes:
        head: the [yolo] or [region].
        threshold: scores at or below it become 0.
        nms_threshold: the score of a class becomes 0 where the box overlaps a box with a higher
            score by a larger IoU; 0 keeps all.

    Source: region_layer.cpp RegionLayerImpl::forward (OpenCV 4.12).
    """

    head: Head
    threshold: float
    nms_threshold: float

    @staticmethod
    def from_section(head: Head, section: Section) -> RegionRows:
        """Use the thresholds of the head's section, or else the importer's defaults.

        Source: darknet_io.cpp ReadDarknetFromCfgStream (OpenCV 4.12).
        """
        if isinstance(head, Region):
            # The importer ignores nms_threshold= here, and the layer uses its own default.
            return RegionRows(
                head, _number(section, "thresh", _REGION_THRESHOLD), _REGION_NMS_THRESHOLD
            )
        return RegionRows(
            head,
            _number(section, "thresh", _THRESHOLD),
            _number(section, "nms_threshold", _NMS_THRESHOLD),
        )

    def __call__(self, output: Tensor, height: int, width: int) -> np.ndarray:
        """Decode a batch.

        Args:
            output: the head's output, [N, C, H, W].
            height, width: the size of the network's input, pixels.

        Returns:
            float32 [N, A, 5 + classes], or [A, 5 + classes] for one picture: centre x, centre
            y, width, height in 0-1, objectness, and per class objectness times probability.
        """
        predictions = self.head.decode(output, height, width)
        scores, objectness = predictions.class_scores, predictions.objectness[..., None]
        if getattr(self.head.options, "classfix", 0) == -1:
            scores = torch.where(objectness < _CLASSFIX_OBJECTNESS, 0.0, scores)
        scores = torch.where(scores > self.threshold, scores, 0.0)
        rows = torch.cat((predictions.boxes, objectness, scores), -1).float().cpu().numpy()
        for picture in rows:
            self._suppress(picture)
        return rows[0] if len(rows) == 1 else rows

    def _suppress(self, rows: np.ndarray) -> None:
        """Set scores of boxes that overlap a box with a higher score to 0, in place."""
        scored = np.flatnonzero(rows[:, 5:].any(1))
        boxes = rows[scored, :4].astype(np.float64)
        rows[scored, 5:] = apply_nms(boxes, rows[scored, 5:], self.nms_threshold)


def _number(section: Section, key: str, default: float) -> float:
    entry = section.first().get(key)
    parsed = read_number(entry.value) if entry is not None and entry.value else None
    return default if parsed is None else parsed[0]
