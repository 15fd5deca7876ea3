"""A contact sheet: many labelled pictures drawn on one. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.media.drawing import DEFAULT_STYLE, DrawingStyle, draw_boxes
from darknet_torch.media.images import read_image
from darknet_torch.media.picture_limits import max_pixels
from darknet_torch.media.text_drawing import draw_text, shorten
from darknet_torch.results.boxes import cxcywh_to_xyxy

_PAPER = 255
_INK = (0, 0, 0)
_CAPTION = 16  # pixels below a picture
_CAPTION_FONT = 12  # pixels
_MARGIN = 4


def choose_examples(
    examples: Sequence[Example], count: int, *, seed: int | None, class_id: int | None = None
) -> list[Example]:
    """Choose up to `count` pictures; they keep their order.

    Args:
        seed: seed of a random choice; None takes the first pictures.
        class_id: choose only pictures with a box of this class.
    """
    found = [
        item
        for item in examples
        if class_id is None or (item.labels is not None and class_id in item.labels.class_ids)
    ]
    if seed is None:
        return found[:count]
    picked = np.random.default_rng(seed).permutation(len(found))[:count]
    return [found[index] for index in sorted(picked)]


def contact_sheet(
    examples: Sequence[Example],
    names: Sequence[str],
    *,
    columns: int,
    size: int,
    style: DrawingStyle = DEFAULT_STYLE,
) -> tuple[np.ndarray, list[ImageError]]:
    """Draw many pictures with their boxes and file names on one sheet.

    Args:
        examples: at least one picture.
        columns: pictures per row.
        size: side of the square that each picture is fitted into, in pixels.
        style: how boxes and labels are drawn. File names that are wider than their pictures'
            squares are shortened.

    Returns:
        The sheet, BGR uint8 [H, W, 3], and the errors of pictures that could not be read;
        their places stay empty.

    Raises:
        UsageError: the sheet would have more pixels than a picture that is read may have.
    """
    columns = min(columns, len(examples))
    rows = -(-len(examples) // columns)
    down, right = size + _CAPTION + _MARGIN, size + _MARGIN
    height, width = rows * down + _MARGIN, columns * right + _MARGIN
    _check_size(height, width)
    sheet = np.full((height, width, 3), _PAPER, np.uint8)
    errors = []
    for index, item in enumerate(examples):
        row, column = divmod(index, columns)
        top, left = _MARGIN + row * down, _MARGIN + column * right
        try:
            tile = _tile(item, names, size, style)
        except ImageError as error:
            errors.append(error)
            continue
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        below = top + tile.shape[0]
        _write_name(sheet[below : below + _CAPTION, left : left + size], item)
    return sheet, errors


def _tile(item: Example, names: Sequence[str], size: int, style: DrawingStyle) -> np.ndarray:
    """A resized picture; boxes are drawn after resizing, so that all lines are equally wide."""
    image = read_image(item.path, exif=item.exif)
    height, width = image.shape[:2]
    scale = size / max(height, width)
    tile_width, tile_height = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, (tile_width, tile_height), interpolation=cv2.INTER_AREA)
    labels = Labels.empty() if item.labels is None else item.labels
    boxes = cxcywh_to_xyxy(labels.boxes) * (tile_width, tile_height, tile_width, tile_height)
    texts = [_class_label(names, int(key)) for key in labels.class_ids]
    return draw_boxes(small, boxes, texts, labels.class_ids, style=style)


def _check_size(height: int, width: int) -> None:
    if height * width > max_pixels():
        raise UsageError(
            "the sheet is too large",
            expected=f"{max_pixels():,} pixels at most",
            got=f"{width} x {height}",
            fix="give a smaller --size or --count",
        )


def _class_label(names: Sequence[str], class_id: int) -> str:
    return names[class_id] if 0 <= class_id < len(names) else f"class {class_id}"


def _write_name(place: np.ndarray, item: Example) -> None:
    text = shorten(item.path.stem, _CAPTION_FONT, place.shape[1], item.path.suffix)
    draw_text(place, text, _CAPTION_FONT, _INK)
