"""A mini-batch drawn as one picture. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from darknet_torch.media.drawing import DEFAULT_STYLE, DrawingStyle, draw_boxes
from darknet_torch.media.text_drawing import draw_text, line_height, shorten
from darknet_torch.results.boxes import cxcywh_to_xyxy

_MARGIN = 4
_PAPER = 255
_WHITE = (255, 255, 255)


def batch_sheet(
    images: np.ndarray,
    truths: np.ndarray,
    names: Sequence[str],
    *,
    side: int | None = None,
    columns: int | None = None,
    style: DrawingStyle = DEFAULT_STYLE,
) -> np.ndarray:
    """Draw the samples of a mini-batch side by side with their truths.

    Args:
        images: [N, 3 or 1, H, W] float32 RGB or grey in 0-1; N is at least 1.
        truths: box rows [N, K, 5 or 6]; cells [N, side * side * (5 + classes)] if `side` is
            given; or class truths [N, classes].
        names: the class names; classes without a name are numbered.
        side: cells per side of a [detection] head, None for other networks.
        columns: samples per row; None for about as many as rows.
        style: how boxes and labels are drawn.

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
        tile = _tile(image, truth, names, side, style)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def _tile(
    image: np.ndarray,
    truth: np.ndarray,
    names: Sequence[str],
    side: int | None,
    style: DrawingStyle,
) -> np.ndarray:
    pixels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    pixels = np.repeat(pixels, 3, 0) if len(pixels) == 1 else pixels[::-1]
    tile = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    if side is None and truth.ndim == 1:
        best = int(truth.argmax())
        return _with_bar(tile, _name(names, best), f" {truth[best]:.2f}", style)
    boxes, ids = _boxes_of_cells(truth, side) if side else _boxes_of_rows(truth)
    size = np.array((tile.shape[1], tile.shape[0]) * 2)
    texts = [_name(names, class_id) for class_id in ids]
    return draw_boxes(tile, cxcywh_to_xyxy(boxes) * size, texts, ids, style=style)


def _with_bar(tile: np.ndarray, name: str, end: str, style: DrawingStyle) -> np.ndarray:
    """Write a class and its probability in white on a black bar at the top."""
    if style.labels:
        size = style.font_size_for(tile)
        bar = tile[: line_height(size)]
        bar[...] = 0
        text = shorten(name, size, tile.shape[1], end if style.scores else "")
        draw_text(bar, text, size, _WHITE)
    return tile


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
