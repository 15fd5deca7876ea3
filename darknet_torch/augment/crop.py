"""Jitter, resize and letterbox: the part of a picture that is shown. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from darknet_torch.augment.random_streams import interpolate
from darknet_torch.augment.truths import BoxTransform


@dataclass(frozen=True)
class PictureCrop:
    """How much is cut off each side of a picture, pixels; below 0 the picture is extended.

    Attributes:
        width, height: of the picture.
    """

    width: int
    height: int
    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    @property
    def shown(self) -> tuple[int, int]:
        """Height and width of what is shown."""
        return self.height - self.top - self.bottom, self.width - self.left - self.right

    def checked(self) -> PictureCrop:
        """This, or the whole picture where nothing of it would be shown.

        Source: data.c load_data_detection (AlexeyAB).
        """
        wide, high = max(self.left, self.right), max(self.top, self.bottom)
        nothing = min(self.shown) <= 0 or wide >= self.width or high >= self.height
        return PictureCrop(self.width, self.height) if nothing else self

    def box_transform(self, *, flip: bool) -> BoxTransform:
        """What becomes of the boxes."""
        high, wide = self.shown
        own = np.array((self.width, self.height), np.float32)
        scale = np.array((wide, high), np.float32) / own
        shift = np.array((self.left, self.top), np.float32) / own / scale
        return BoxTransform(tuple((1 / scale).tolist()), tuple(shift.tolist()), flip)

    def mirrored(self) -> PictureCrop:
        """With left and right exchanged."""
        return replace(self, left=self.right, right=self.left)

    def letterboxed(self, height: int, width: int) -> PictureCrop:
        """Extended to the aspect of an input. Source: data.c load_data_detection (AlexeyAB)."""
        aspect = np.float32(width) / np.float32(height)
        if np.float32(self.width) / np.float32(self.height) / aspect > 1:
            more = (np.float32(self.width) / aspect - self.height) / 2
            return replace(self, top=int(self.top - more), bottom=int(self.bottom - more))
        more = (self.height * aspect - self.width) / 2
        return replace(self, left=int(self.left - more), right=int(self.right - more))

    def in_corner(self, part: int, *, flip: bool) -> PictureCrop:
        """The picture moved so that a mosaic's quarter shows as much of it as it can.

        Args:
            part: 0 top left, 1 top right, 2 bottom left, 3 bottom right.

        Source: data.c load_data_detection (AlexeyAB).
        """
        wide, high = self.left + self.right, self.top + self.bottom
        to_right = (part in (0, 2)) != flip
        left, right = (0, wide) if to_right else (wide, 0)
        top, bottom = (0, high) if part in (0, 1) else (high, 0)
        return replace(self, left=left, right=right, top=top, bottom=bottom)

    def cut(self, image: np.ndarray, *, border: int = cv2.BORDER_CONSTANT) -> np.ndarray:
        """What is shown of `image`, uint8 [H, W] or [H, W, 3].

        Args:
            border: OpenCV's name of what surrounds the picture; a constant is its mean.
        """
        high, wide = self.shown
        first_row, first_column = max(0, self.top), max(0, self.left)
        last_row = min(self.height, self.top + high)
        last_column = min(self.width, self.left + wide)
        inside = image[first_row:last_row, first_column:last_column]
        before = first_row - self.top, first_column - self.left
        behind = high - before[0] - inside.shape[0], wide - before[1] - inside.shape[1]
        if not any(before) and not any(behind):
            return inside
        return cv2.copyMakeBorder(
            inside, before[0], behind[0], before[1], behind[1], border, value=cv2.mean(image)
        )


def jittered_crop(
    size: tuple[int, int],
    edges: Sequence[float],
    sizes: Sequence[float],
    jitter: float,
    resize: float,
) -> PictureCrop:
    """The crop that jitter and resize make of random numbers.

    Args:
        size: height and width of the picture.
        edges: four in 0-1, for left, right, top, bottom.
        sizes: two in 0-1, for left and top, right and bottom.
        jitter: how far each edge moves to both sides, as a part of the picture.
        resize: how much larger or smaller the picture may become; below 1 only smaller.

    Source: data.c load_data_detection (AlexeyAB), in float32 and whole pixels as there.
    """
    cuts = []
    for own, pairs in ((size[1], edges[:2]), (size[0], edges[2:])):
        reach = int(np.float32(own) * np.float32(jitter))
        low, high = _growth(own, resize)
        for edge, part in zip(pairs, sizes, strict=True):
            cut = int(interpolate(-reach, reach, edge))
            cuts.append(int(cut + interpolate(low, high, part)))
    left, right, top, bottom = cuts
    return PictureCrop(size[1], size[0], left, right, top, bottom)


def _growth(own: int, resize: float) -> tuple[int, int]:
    """How far `resize` moves an edge, pixels: outwards (below 0) and inwards."""
    down = np.float32(min(resize, 1 / resize))
    up = np.float32(max(resize, 1 / resize))
    half = np.float32(own) * (1 - 1 / np.array((down, up), np.float32)) / 2
    return int(half[0]), 0 if resize < 1 else int(half[1])
