"""Jitter, resize and letterbox: a random crop of a picture. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from darknet_torch.augment.random_streams import interpolate
from darknet_torch.augment.truths import BoxTransform
from darknet_torch.cfg.preprocessing import PICTURE_MEAN
from darknet_torch.media.fill import fill_bytes


@dataclass(frozen=True)
class PictureCrop:
    """The pixels cut off at each side of a picture; negative numbers pad the picture.

    Attributes:
        width: width of the picture in pixels.
        height: height of the picture in pixels.
        left: pixels cut off on the left; right, top and bottom likewise.
    """

    width: int
    height: int
    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    @property
    def cropped_size(self) -> tuple[int, int]:
        """Height and width of the crop in pixels."""
        return self.height - self.top - self.bottom, self.width - self.left - self.right

    def or_whole_picture(self) -> PictureCrop:
        """This crop, or the whole picture if the crop contains nothing of the picture.

        Source: data.c load_data_detection (AlexeyAB).
        """
        cut_x, cut_y = max(self.left, self.right), max(self.top, self.bottom)
        is_empty = min(self.cropped_size) <= 0 or cut_x >= self.width or cut_y >= self.height
        return PictureCrop(self.width, self.height) if is_empty else self

    def box_transform(self, *, flip: bool) -> BoxTransform:
        """The transform of the picture's boxes into the crop."""
        height, width = self.cropped_size
        picture_size = np.array((self.width, self.height), np.float32)
        scale = np.array((width, height), np.float32) / picture_size
        shift = np.array((self.left, self.top), np.float32) / picture_size / scale
        return BoxTransform(tuple((1 / scale).tolist()), tuple(shift.tolist()), flip)

    def mirrored(self) -> PictureCrop:
        """The crop of the mirrored picture: left and right are swapped."""
        return replace(self, left=self.right, right=self.left)

    def letterboxed(self, height: int, width: int) -> PictureCrop:
        """The crop padded to the aspect ratio of a network input.

        Source: data.c load_data_detection (AlexeyAB).
        """
        aspect = np.float32(width) / np.float32(height)
        if np.float32(self.width) / np.float32(self.height) / aspect > 1:
            padding = (np.float32(self.width) / aspect - self.height) / 2
            return replace(self, top=int(self.top - padding), bottom=int(self.bottom - padding))
        padding = (self.height * aspect - self.width) / 2
        return replace(self, left=int(self.left - padding), right=int(self.right - padding))

    def for_mosaic_part(self, part: int, *, flip: bool) -> PictureCrop:
        """The crop with all padding moved to the side where the quarters of a mosaic meet.

        `Mosaic.shift` skips the padding there, so the quarter shows as much of the picture as
        possible.

        Args:
            part: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
            flip: the picture will be mirrored.

        Source: data.c load_data_detection (AlexeyAB).
        """
        total_x, total_y = self.left + self.right, self.top + self.bottom
        to_right = (part in (0, 2)) != flip
        left, right = (0, total_x) if to_right else (total_x, 0)
        top, bottom = (0, total_y) if part in (0, 1) else (total_y, 0)
        return replace(self, left=left, right=right, top=top, bottom=bottom)

    def apply(
        self, image: np.ndarray, *, border: int = cv2.BORDER_CONSTANT, fill: str = PICTURE_MEAN
    ) -> np.ndarray:
        """Crop and pad a picture.

        Args:
            image: uint8 [H, W] or [H, W, 3].
            border: OpenCV's border type of the padding.
            fill: the colour of a constant border, see `darknet_torch.media.fill.fill_colour`;
                Darknet's is the mean colour.
        """
        height, width = self.cropped_size
        first_row, first_column = max(0, self.top), max(0, self.left)
        last_row = min(self.height, self.top + height)
        last_column = min(self.width, self.left + width)
        inside = image[first_row:last_row, first_column:last_column]
        before = first_row - self.top, first_column - self.left
        after = height - before[0] - inside.shape[0], width - before[1] - inside.shape[1]
        if not any(before) and not any(after):
            return inside
        colour = fill_bytes(fill, image)
        return cv2.copyMakeBorder(
            inside, before[0], after[0], before[1], after[1], border, value=colour
        )


def jittered_crop(
    size: tuple[int, int],
    edges: Sequence[float],
    sizes: Sequence[float],
    jitter: float,
    resize: float,
) -> PictureCrop:
    """Compute a crop from the options jitter and resize and from random numbers.

    Args:
        size: height and width of the picture in pixels.
        edges: four random numbers in 0-1 for left, right, top, bottom.
        sizes: two random numbers in 0-1, one for left and top, one for right and bottom.
        jitter: the most that an edge moves in or out, as a fraction of the picture's side.
        resize: the largest factor by which the picture grows or shrinks; below 1 it only
            shrinks.

    Source: data.c load_data_detection (AlexeyAB), in float32 and whole pixels as there.
    """
    cuts = []
    for side, side_edges in ((size[1], edges[:2]), (size[0], edges[2:])):
        max_shift = int(np.float32(side) * np.float32(jitter))
        low, high = _resize_range(side, resize)
        for edge, fraction in zip(side_edges, sizes, strict=True):
            cut = int(interpolate(-max_shift, max_shift, edge))
            cuts.append(int(cut + interpolate(low, high, fraction)))
    left, right, top, bottom = cuts
    return PictureCrop(size[1], size[0], left, right, top, bottom)


def _resize_range(side: int, resize: float) -> tuple[int, int]:
    """The most pixels that `resize` moves an edge outwards (negative) and inwards."""
    down = np.float32(min(resize, 1 / resize))
    up = np.float32(max(resize, 1 / resize))
    half = np.float32(side) * (1 - 1 / np.array((down, up), np.float32)) / 2
    return int(half[0]), 0 if resize < 1 else int(half[1])
