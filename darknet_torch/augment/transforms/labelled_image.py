"""A picture in memory with its boxes: what transforms take and return. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from darknet_torch.datasets.examples import Labels
from darknet_torch.results.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh

ADDED = -1  # the row of a box that is in no label file


@dataclass(frozen=True)
class LabelledImage:
    """A picture and its boxes.

    Attributes:
        image: BGR uint8 [H, W, 3].
        boxes: [K, 4] float64 left, top, right, bottom in pixels of the picture; the first pixel
            covers 0 to 1. They lie in the picture and have a size.
        class_ids: [K] int64, from 0.
        rows: [K] int64, the row of each box in the labels that it comes from, or `ADDED`.
    """

    image: np.ndarray
    boxes: np.ndarray
    class_ids: np.ndarray
    rows: np.ndarray

    @staticmethod
    def from_labels(image: np.ndarray, labels: Labels) -> LabelledImage:
        """A picture with the boxes of `labels`, clipped to it, without those that have no size."""
        height, width = image.shape[:2]
        size = np.array((width, height, width, height), np.float64)
        whole = LabelledImage(
            image,
            cxcywh_to_xyxy(labels.boxes) * size,
            labels.class_ids,
            np.arange(len(labels)),
        )
        return whole.clipped(visible=0)

    def to_labels(self, count: int) -> Labels:
        """The boxes as fractions of the picture.

        Args:
            count: number of the labels that they come from. A box keeps its row; rows whose box
                was dropped are 0 0 0 0, which no truth is made of. Once a box was added, boxes
                are numbered anew.
        """
        height, width = self.image.shape[:2]
        boxes = xyxy_to_cxcywh(self.boxes) / (width, height, width, height)
        if (self.rows == ADDED).any():
            return Labels.from_arrays(self.class_ids, boxes)
        all_ids, all_boxes = np.zeros(count, np.int64), np.zeros((count, 4))
        all_ids[self.rows], all_boxes[self.rows] = self.class_ids, boxes
        return Labels.from_arrays(all_ids, all_boxes)

    def with_image(self, image: np.ndarray) -> LabelledImage:
        """Another picture of the same size with the same boxes."""
        return replace(self, image=image)

    def moved(self, image: np.ndarray, boxes: np.ndarray) -> LabelledImage:
        """Another picture, and new places of the boxes, [K, 4] in its pixels."""
        return replace(self, image=image, boxes=boxes)

    def clipped(self, visible: float) -> LabelledImage:
        """Clip the boxes to the picture.

        Args:
            visible: drop a box if less than this part of its area lies in the picture, 0-1. One
                without any area in it is always dropped.
        """
        height, width = self.image.shape[:2]
        boxes = self.boxes.clip(0, (width, height, width, height))
        area, before = _areas(boxes), _areas(self.boxes)
        keep = (area > 0) & (area >= visible * before)
        return LabelledImage(self.image, boxes[keep], self.class_ids[keep], self.rows[keep])


def _areas(boxes: np.ndarray) -> np.ndarray:
    """[K] the areas of boxes in square pixels."""
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(1)
