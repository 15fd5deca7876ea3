"""Mosaic for detectors: four pictures in one. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.augment.crop import PictureCrop
from darknet_torch.augment.random_streams import uniform_integer

PARTS = 4
MARGIN = 0.2  # the least width and height of a quarter, as a fraction of the input


@dataclass(frozen=True)
class Mosaic:
    """The layout of a mosaic, in pixels of the network's input.

    Attributes:
        height: height of the input.
        width: width of the input.
        cut_x: the first column of the right quarters.
        cut_y: the first row of the lower quarters.
        bound: clip boxes to their quarter, else to the input.
    """

    height: int
    width: int
    cut_x: int
    cut_y: int
    bound: bool

    @staticmethod
    def draw(random: np.random.Generator, height: int, width: int, *, bound: bool) -> Mosaic:
        """Draw a random layout. Source: data.c load_data_detection (AlexeyAB)."""
        cut_x, cut_y = (
            uniform_integer(random, int(size * MARGIN), int(size * (1 - MARGIN)))
            for size in (width, height)
        )
        return Mosaic(height, width, cut_x, cut_y, bound)

    def shift(self, part: int, crop: PictureCrop) -> tuple[int, int]:
        """The pixels that the picture of a quarter moves to the right and down.

        Negative numbers move it left and up. Padding at the edges where the quarters meet is
        skipped.

        Args:
            part: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
            crop: the crop of the picture, mirrored if the picture is.

        Source: data.c load_data_detection (AlexeyAB).
        """
        left = min(self.cut_x, _padding(crop.left, self.width, crop.width))
        right = min(self.width - self.cut_x, _padding(crop.right, self.width, crop.width))
        top = min(self.cut_y, _padding(crop.top, self.height, crop.height))
        bottom = min(self.height - self.cut_y, _padding(crop.bottom, self.height, crop.height))
        right_side, lower = part in (1, 3), part in (2, 3)
        x = self.cut_x - left if right_side else self.cut_x + right - self.width
        y = self.cut_y - top if lower else self.cut_y + bottom - self.height
        return x, y

    def paste(
        self, canvas: np.ndarray, image: np.ndarray, part: int, shift: tuple[int, int]
    ) -> None:
        """Copy the visible part of a shifted picture into its quarter of `canvas`, [H, W, ...]."""
        left, top, right, bottom = self._quarter(part)
        x, y = shift
        canvas[top:bottom, left:right] = image[top - y : bottom - y, left - x : right - x]

    def transform_rows(
        self, rows: np.ndarray, part: int, shift: tuple[int, int], room: int
    ) -> np.ndarray:
        """Convert the truths of a quarter's picture to truths of the mosaic.

        Args:
            rows: [K, 5 or more]; x, y, w, h in 0-1 of the picture; other columns are kept.
            part: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
            shift: from `shift`.
            room: only this many rows are considered.

        Source: data.c blend_truth_mosaic (AlexeyAB).
        """
        rows = rows[:room].copy()
        size = np.array((self.width, self.height), np.float32)
        rows[:, :2] += np.array(shift, np.float32) / size
        boxes = (
            self._clip_to_quarter(rows, part, size)
            if self.bound
            else self._clip_to_input(rows, size)
        )
        corners = self._pixels(boxes, size)
        inside = (corners[:, :2] >= 0).all(1) & (corners[:, 2:] <= size).all(1)
        inside &= ((boxes > 0) & (boxes < 1)).all(1) & (boxes[:, 2:] > 1 / size).all(1)
        rows[:, :4] = boxes
        return rows[inside]

    def _quarter(self, part: int) -> tuple[int, int, int, int]:
        left, right = (self.cut_x, self.width) if part in (1, 3) else (0, self.cut_x)
        top, bottom = (self.cut_y, self.height) if part in (2, 3) else (0, self.cut_y)
        return left, top, right, bottom

    def _clip_to_quarter(self, rows: np.ndarray, part: int, size: np.ndarray) -> np.ndarray:
        left, top, right, bottom = self._quarter(part)
        corners = self._pixels(rows, size)
        first = np.maximum(corners[:, :2], np.array((left, top), np.float32))
        last = np.minimum(corners[:, 2:], np.array((right, bottom), np.float32))
        return np.concatenate(((first + last) / 2 / size, (last - first) / size), 1)

    def _clip_to_input(self, rows: np.ndarray, size: np.ndarray) -> np.ndarray:
        corners = self._pixels(rows, size)
        before = np.minimum(corners[:, :2], 0) / size
        after = np.maximum(corners[:, 2:] - size, 0) / size
        centre = rows[:, :2] - before / 2 - after / 2
        return np.concatenate((centre, rows[:, 2:4] + before - after), 1)

    @staticmethod
    def _pixels(boxes: np.ndarray, size: np.ndarray) -> np.ndarray:
        """[K, 4] left, top, right, bottom in whole pixels, truncated as in C."""
        half = boxes[:, 2:4] / 2
        corners = np.concatenate((boxes[:, :2] - half, boxes[:, :2] + half), 1)
        return np.trunc(corners * np.tile(size, 2))


def _padding(cut: int, input_side: int, picture_side: int) -> int:
    """The padding in pixels of the input, given the cut in pixels of the picture."""
    return max(0, -cut) * input_side // picture_side
