"""Pictures in rows and columns on one sheet, each with a caption. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from darknet_torch.media.text_drawing import draw_text, line_height, shorten

_MARGIN = 6
_PAPER = 255
_INK = (0, 0, 0)


def fitted(image: np.ndarray, size: int, *, enlarge: bool = False) -> np.ndarray:
    """A picture [H, W, 3] uint8, made smaller to fit into a square of `size` pixels.

    Args:
        enlarge: make a picture larger, too, that is smaller than the square.
    """
    height, width = image.shape[:2]
    scale = size / max(height, width)
    if scale == 1 or (scale > 1 and not enlarge):
        return image
    new = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, new, interpolation=method)


def picture_grid(
    tiles: Sequence[tuple[str, np.ndarray]], *, columns: int, title: str = "", font: int = 14
) -> np.ndarray:
    """Draw pictures with their captions above them.

    Args:
        tiles: captions and pictures, BGR uint8 [H, W, 3]; at least one.
        columns: pictures in a row.
        title: above all of them; none if it is empty.
        font: the size of captions in pixels.

    Returns:
        BGR uint8 [H, W, 3]. Columns are as wide as the widest picture, and rows as high as their
        highest one.
    """
    width = max(image.shape[1] for _, image in tiles)
    lines = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    rows = [_row(line, width, font) for line in lines]
    widest = max(row.shape[1] for row in rows)
    sheet = [_padded(row, widest) for row in rows]
    if title:
        sheet.insert(0, _caption(title, widest, font + 4))
    return np.concatenate(sheet)


def _row(tiles: Sequence[tuple[str, np.ndarray]], width: int, font: int) -> np.ndarray:
    height = max(image.shape[0] for _, image in tiles)
    cells = []
    for text, image in tiles:
        cell = np.full((height + _MARGIN, width + 2 * _MARGIN, 3), _PAPER, np.uint8)
        cell[: image.shape[0], _MARGIN : _MARGIN + image.shape[1]] = image
        cells.append(np.concatenate((_caption(text, width + 2 * _MARGIN, font), cell)))
    return np.concatenate(cells, axis=1)


def _caption(text: str, width: int, font: int) -> np.ndarray:
    bar = np.full((line_height(font), width, 3), _PAPER, np.uint8)
    room = width - 2 * _MARGIN
    draw_text(bar[:, _MARGIN : _MARGIN + room], shorten(text, font, room), font, _INK)
    return bar


def _padded(row: np.ndarray, width: int) -> np.ndarray:
    missing = width - row.shape[1]
    return np.pad(row, ((0, 0), (0, missing), (0, 0)), constant_values=_PAPER)
