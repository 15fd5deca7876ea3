"""What OpenCV's Region layer makes of a head's output: rows of boxes and scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.numbers import read_number
from darknet_torch.heads.base import Head
from darknet_torch.heads.region import Region
from darknet_torch.results.boxes import apply_nms

_THRESHOLD, _NMS_THRESHOLD = 0.2, 0.0
_REGION_THRESHOLD, _REGION_NMS_THRESHOLD = 0.001, 0.4
_SURE = 0.5  # of an objectness, for classfix=-1


@dataclass
class RegionRows:
    """The rows that OpenCV's Region layer gives for one head.

    Attributes:
        head: the [yolo] or [region].
        threshold: scores at or below it become 0.
        nms_threshold: boxes of a class that overlap a better one more than this score 0;
            0 keeps all.

    Source: region_layer.cpp RegionLayerImpl::forward (OpenCV 4.12).
    """

    head: Head
    threshold: float
    nms_threshold: float

    @staticmethod
    def of(head: Head, section: Section) -> RegionRows:
        """With the thresholds of its section, else those that the importer takes.

        Source: darknet_io.cpp ReadDarknetFromCfgStream (OpenCV 4.12).
        """
        if isinstance(head, Region):
            # The importer overlooks nms_threshold= here, and the layer takes its own default.
            return RegionRows(
                head, _number(section, "thresh", _REGION_THRESHOLD), _REGION_NMS_THRESHOLD
            )
        return RegionRows(
            head,
            _number(section, "thresh", _THRESHOLD),
            _number(section, "nms_threshold", _NMS_THRESHOLD),
        )

    def __call__(self, output: Tensor, height: int, width: int) -> np.ndarray:
        """Rows of a batch.

        Args:
            output: what the head gave, [N, C, H, W].
            height, width: of the network's input, pixels.

        Returns:
            float32 [N, A, 5 + classes], for one picture [A, 5 + classes]: centre x, centre
            y, width, height in 0-1, objectness, and per class objectness times probability.
        """
        found = self.head.decode(output, height, width)
        scores, objectness = found.class_scores, found.objectness[..., None]
        if getattr(self.head.options, "classfix", 0) == -1:
            scores = torch.where(objectness < _SURE, 0.0, scores)
        scores = torch.where(scores > self.threshold, scores, 0.0)
        rows = torch.cat((found.boxes, objectness, scores), -1).float().cpu().numpy()
        for picture in rows:
            self._suppress(picture)
        return rows[0] if len(rows) == 1 else rows

    def _suppress(self, rows: np.ndarray) -> None:
        """Set the scores of boxes that overlap a better one to 0, in place."""
        places = np.flatnonzero(rows[:, 5:].any(1))
        boxes = rows[places, :4].astype(np.float64)
        rows[places, 5:] = apply_nms(boxes, rows[places, 5:], self.nms_threshold)


def _number(section: Section, key: str, default: float) -> float:
    entry = section.first().get(key)
    read = read_number(entry.value) if entry is not None and entry.value else None
    return default if read is None else read[0]
