"""How much of each pixel an outline covers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.drawn.outline import Outline

# A pixel is covered in steps of 1/16: fine enough for 8 bits after noise, and quick.
FINE = 4
_FRACTION_BITS = 4


@dataclass(frozen=True)
class Window:
    """A part of the plane in whole pixels, which may reach beyond the picture."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, outline: Outline, margin: float) -> Window:
        """Return the window that holds an outline and `margin` pixels around it."""
        box = outline.bounds()
        low = np.floor(box[:2] - margin).astype(int)
        size = np.ceil(box[2:] + margin).astype(int) - low
        return cls(int(low[0]), int(low[1]), int(size[0]), int(size[1]))

    def inside(self, width: int, height: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Return the rows and columns of the picture that it covers, and of the window."""
        left, top = max(self.left, 0), max(self.top, 0)
        right = max(left, min(self.left + self.width, width))
        bottom = max(top, min(self.top + self.height, height))
        return (slice(top, bottom), slice(left, right)), (
            slice(top - self.top, bottom - self.top),
            slice(left - self.left, right - self.left),
        )


def fine_mask(window: Window, outline: Outline, line: float, fill: bool) -> np.ndarray:
    """Draw an outline on a grid of `FINE` x `FINE` points for each pixel.

    Args:
        line: the width of lines along the polygons, or of the strokes, in pixels; 0 for none.
        fill: whether polygons are filled.

    Returns:
        0 or 255, uint8 [FINE * height, FINE * width].
    """
    mask = np.zeros((window.height * FINE, window.width * FINE), np.uint8)
    scale = FINE * 2**_FRACTION_BITS
    # The centre of the first fine point lies at half of one.
    origin = np.array([window.left, window.top]) + 0.5 / FINE
    parts = [np.round((part - origin) * scale).astype(np.int32) for part in outline.parts]
    if fill and not outline.stroke:
        cv2.fillPoly(mask, parts, 255, cv2.LINE_8, _FRACTION_BITS)
    thickness = round(line * FINE)
    if thickness:
        closed = not outline.stroke
        cv2.polylines(mask, parts, closed, 255, thickness, cv2.LINE_8, _FRACTION_BITS)
    return mask


def coverage(mask: np.ndarray) -> np.ndarray:
    """Return the covered part of each pixel, float32 [height, width] in 0-1, of a fine mask."""
    size = (mask.shape[1] // FINE, mask.shape[0] // FINE)
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def bounds(window: Window, mask: np.ndarray) -> np.ndarray:
    """Return left, top, right, bottom of a fine mask in pixels of the picture, float64 [4]."""
    left, top, width, height = cv2.boundingRect(mask)
    box = np.array([left, top, left + width, top + height]) / FINE
    return box + np.array([window.left, window.top] * 2)
