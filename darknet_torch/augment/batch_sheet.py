"""A mini-batch drawn as one picture. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from darknet_torch.media.drawing import draw_boxes
from darknet_torch.results.boxes import cxcywh_to_xyxy

_MARGIN = 4
_PAPER = 255


def batch_sheet(
    images: np.ndarray,
    truths: np.ndarray,
    names: Sequence[str],
    *,
    side: int | None = None,
    columns: int | None = None,
) -> np.ndarray:
    """Draw the samples of a mini-batch side by side with their truths.

    Args:
        images: [N, 3 or 1, H, W] float32 RGB or grey in 0-1; N is at least 1.
        truths: box rows [N, K, 5 or 6]; cells [N, side * side * (5 + classes)] if `side` is
            given; or class truths [N, classes].
        names: the class names; classes without a name are numbered.
        side: cells per side of a [detection] head, None for other networks.
        columns: samples per row; None for about as many as rows.

    Returns:
        BGR uint8 [H, W, 3].
    """
    count, _, height, width = images.shape
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    down, right = height + _MARGIN, width + _MARGIN
    sheet = np.full((rows * down + _MARGIN, columns * right + _MARGIN, 3), _PAPER, np.uint8)
    for index, (image, truth) in enumerate(zip(images, truths, strict=True)):
        row, column = divmod(index, columns)
        top, left = _MARGIN + row * down, _MARGIN + column * right
        tile = _tile(image, truth, names, side)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def _tile(
    image: np.ndarray, truth: np.ndarray, names: Sequence[str], side: int | None
) -> np.ndarray:
    pixels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    pixels = np.repeat(pixels, 3, 0) if len(pixels) == 1 else pixels[::-1]
    tile = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    if side is None and truth.ndim == 1:
        best = int(truth.argmax())
        cv2.rectangle(tile, (0, 0), (tile.shape[1] - 1, 16), (0, 0, 0), cv2.FILLED)
        text = f"{_name(names, best)} {truth[best]:.2f}"
        cv2.putText(tile, text, (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
        return tile
    boxes, ids = _boxes_of_cells(truth, side) if side else _boxes_of_rows(truth)
    size = np.array((tile.shape[1], tile.shape[0]) * 2)
    return draw_boxes(tile, cxcywh_to_xyxy(boxes) * size, [_name(names, i) for i in ids], ids)


def _boxes_of_rows(truth: np.ndarray) -> tuple[np.ndarray, list[int]]:
    used = truth[truth[:, 0] > 0]
    return used[:, :4], used[:, 4].astype(int).tolist()


def _boxes_of_cells(truth: np.ndarray, side: int) -> tuple[np.ndarray, list[int]]:
    cells = truth.reshape(side, side, -1)
    rows, columns = np.nonzero(cells[..., 0])
    used = cells[rows, columns]
    centres = (used[:, -4:-2] + np.stack((columns, rows), 1)) / side
    return np.concatenate((centres, used[:, -2:]), 1), used[:, 1:-4].argmax(1).tolist()


def _name(names: Sequence[str], class_id: int) -> str:
    return names[class_id] if class_id < len(names) else f"class {class_id}"
