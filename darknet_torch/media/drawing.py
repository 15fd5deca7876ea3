"""Boxes and labels drawn on a picture. No torch."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

_GOLDEN = 0.61803398875
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def class_color(class_id: int) -> tuple[int, int, int]:
    """The BGR colour of a class: always the same, neighbours far apart."""
    hue = (class_id * _GOLDEN) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 0.95)
    return round(blue * 255), round(green * 255), round(red * 255)


def draw_boxes(
    image: np.ndarray, boxes_xyxy: np.ndarray, labels: Sequence[str], class_ids: Iterable[int]
) -> np.ndarray:
    """A copy of `image` with a labelled box for each row, the first one on top.

    Args:
        image: BGR uint8 [H, W, 3].
        boxes_xyxy: [K, 4] left, top, right, bottom, pixels.
        labels: K texts.
        class_ids: K ids, which choose the colours.
    """
    canvas = np.ascontiguousarray(image).copy()
    line = max(1, round(min(canvas.shape[:2]) * 0.004))
    rows = list(zip(boxes_xyxy, labels, class_ids, strict=True))
    for box, label, class_id in reversed(rows):
        color = class_color(int(class_id))
        left, top, right, bottom = _inside(box, canvas)
        cv2.rectangle(canvas, (left, top), (right, bottom), color, line, cv2.LINE_AA)
        _draw_label(canvas, label, left, top, color, line)
    return canvas


def _inside(box: np.ndarray, canvas: np.ndarray) -> list[int]:
    height, width = canvas.shape[:2]
    limit = (width - 1, height - 1, width - 1, height - 1)
    return [int(np.clip(round(float(v)), 0, end)) for v, end in zip(box, limit, strict=True)]


def _draw_label(
    canvas: np.ndarray, label: str, left: int, top: int, color: tuple[int, int, int], line: int
) -> None:
    """White or black text, whichever stands out, on a filled box above `top` or below it."""
    scale = max(0.4, min(canvas.shape[:2]) / 900)
    weight = max(1, line // 2)
    text = label.encode("ascii", "replace").decode()
    (width, height), base = cv2.getTextSize(text, _FONT, scale, weight)
    left = max(0, min(left, canvas.shape[1] - width - 2))
    first = top - height - base if top - height - base >= 0 else top
    last = first + height + base
    cv2.rectangle(canvas, (left, first), (left + width + 1, last), color, cv2.FILLED)
    blue, green, red = color
    dark = 0.114 * blue + 0.587 * green + 0.299 * red > 140
    ink = (0, 0, 0) if dark else (255, 255, 255)
    place = (left + 1, last - base)
    cv2.putText(canvas, text, place, _FONT, scale, ink, weight, cv2.LINE_AA)
