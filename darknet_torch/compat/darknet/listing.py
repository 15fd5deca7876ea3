"""darknet.py's functions that print and draw detections. No torch."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from darknet_torch.printable import escape_in_line, print_line

Bbox = tuple[float, float, float, float]
Color = tuple[int, int, int]
Detection = tuple[str, Any, Bbox]
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def class_colors(names: Iterable[str]) -> dict[str, Color]:
    """Return a random BGR colour for each name; `random.seed` makes them repeatable."""
    return {name: _random_color() for name in names}


def _random_color() -> Color:
    blue, green, red = (random.randint(0, 255) for _ in range(3))
    return blue, green, red


def bbox2points(bbox: Sequence[float]) -> tuple[int, int, int, int]:
    """Convert centre x, centre y, width, height to left, top, right, bottom, rounded."""
    x, y, w, h = bbox
    return round(x - w / 2), round(y - h / 2), round(x + w / 2), round(y + h / 2)


def print_detections(detections: Iterable[Detection], coordinates: bool = False) -> None:
    """Print a line for each detection.

    Args:
        detections: as `detect_image` returns them.
        coordinates: whether to print the boxes, too.
    """
    lines = ["", "Objects:"]
    for label, confidence, (x, y, w, h) in detections:
        place = f"(left_x: {x:.0f}   top_y:  {y:.0f}   width:   {w:.0f}   height:  {h:.0f})"
        lines.append(
            f"{escape_in_line(str(label))}: {confidence}%"
            + (f"    {place}" if coordinates else "")
        )
    print_line("\n".join(lines), sys.stdout)


def draw_boxes(
    detections: Iterable[Detection], image: np.ndarray, colors: Mapping[str, Color]
) -> np.ndarray:
    """Draw boxes, labels and confidences on `image`, and return it.

    Args:
        detections: as `detect_image` returns them, in pixels of `image`.
        image: uint8 [H, W, 3].
        colors: label -> colour, in the order of the image's channels.
    """
    for label, confidence, bbox in detections:
        left, top, right, bottom = bbox2points(bbox)
        color = colors[label]
        cv2.rectangle(image, (left, top), (right, bottom), color, 1)
        text = f"{label} [{float(confidence):.2f}]"
        cv2.putText(image, text, (left, top - 5), _FONT, 0.5, color, 2)
    return image


def non_max_suppression_fast(detections: Sequence[Any], overlap_thresh: float) -> list[Any]:
    """Drop boxes of which a lower box in the picture covers more than a fraction of the area.

    Args:
        detections: four values each, the last of which is a box as in `detect_image`.
        overlap_thresh: the fraction, 0-1.

    Returns:
        The remaining detections, the lowest box first. An empty list for no detections, with
        which darknet.py fails.

    Source: darknet.py non_max_suppression_fast (AlexeyAB), where a box includes its first and
    its last pixel.
    """
    if not detections:
        return []
    boxes = np.array([detection[3] for detection in detections], float)
    first, last = boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2
    area = np.prod(last - first + 1, 1)
    order = np.argsort(last[:, 1])
    picked = []
    while len(order):
        lowest, order = order[-1], order[:-1]
        picked.append(detections[lowest])
        sides = np.minimum(last[lowest], last[order]) - np.maximum(first[lowest], first[order])
        covered = np.prod(np.maximum(0, sides + 1), 1) / area[order]
        order = order[covered <= overlap_thresh]
    return picked
