"""Drawing boxes and labels on pictures. No torch."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

_GOLDEN_RATIO = 0.61803398875  # steps of this size spread hues evenly
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def class_color(class_id: int) -> tuple[int, int, int]:
    """Return the BGR colour of a class: fixed per id, and well apart for neighbouring ids."""
    hue = (class_id * _GOLDEN_RATIO) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 0.95)
    return round(blue * 255), round(green * 255), round(red * 255)


def draw_boxes(
    image: np.ndarray, boxes_xyxy: np.ndarray, labels: Sequence[str], class_ids: Iterable[int]
) -> np.ndarray:
    """Return a copy of `image` with labelled boxes; the first box is drawn on top.

    Args:
        image: BGR uint8 [H, W, 3].
        boxes_xyxy: [K, 4] left, top, right, bottom in pixels.
        labels: K texts.
        class_ids: K class ids, which choose the colours.
    """
    canvas = np.ascontiguousarray(image).copy()
    thickness = max(1, round(min(canvas.shape[:2]) * 0.004))
    rows = list(zip(boxes_xyxy, labels, class_ids, strict=True))
    for box, label, class_id in reversed(rows):
        color = class_color(int(class_id))
        left, top, right, bottom = _clip_to_canvas(box, canvas)
        cv2.rectangle(canvas, (left, top), (right, bottom), color, thickness, cv2.LINE_AA)
        _draw_label(canvas, label, left, top, color, thickness)
    return canvas


def _clip_to_canvas(box: np.ndarray, canvas: np.ndarray) -> list[int]:
    height, width = canvas.shape[:2]
    limit = (width - 1, height - 1, width - 1, height - 1)
    return [int(np.clip(round(float(v)), 0, end)) for v, end in zip(box, limit, strict=True)]


def _draw_label(
    canvas: np.ndarray,
    label: str,
    left: int,
    top: int,
    color: tuple[int, int, int],
    thickness: int,
) -> None:
    """Draw white or black text, whichever contrasts more, on a filled box above or below `top`."""
    scale = max(0.4, min(canvas.shape[:2]) / 900)
    text_thickness = max(1, thickness // 2)
    text = label.encode("ascii", "replace").decode()
    (width, height), base = cv2.getTextSize(text, _FONT, scale, text_thickness)
    left = max(0, min(left, canvas.shape[1] - width - 2))
    label_top = top - height - base if top - height - base >= 0 else top
    label_bottom = label_top + height + base
    cv2.rectangle(canvas, (left, label_top), (left + width + 1, label_bottom), color, cv2.FILLED)
    blue, green, red = color
    is_bright = 0.114 * blue + 0.587 * green + 0.299 * red > 140
    text_color = (0, 0, 0) if is_bright else (255, 255, 255)
    origin = (left + 1, label_bottom - base)
    cv2.putText(canvas, text, origin, _FONT, scale, text_color, text_thickness, cv2.LINE_AA)
