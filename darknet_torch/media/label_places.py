"""Where labels go, so that none covers another or leaves the picture. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

_LINES_AROUND = 3  # of text, above and below the first choices
_MOST_WITHOUT_PLACE = 1000  # labels in a row, after which the picture counts as full


def place_labels(
    boxes: Sequence[Sequence[int]],
    sizes: Sequence[tuple[int, int]],
    canvas: tuple[int, int],
) -> list[tuple[int, int] | None]:
    """Choose a place for each label; those that come first choose first.

    Each takes the first free one of these: above its box, inside at the top, below it, then at
    the right end of these edges and next to the box, then up to three lines further up or down.

    Args:
        boxes: K boxes: left, top, right, bottom in pixels, inside the canvas.
        sizes: K widths and heights of labels in pixels; a width of 0 needs no place.
        canvas: height and width of the picture in pixels.

    Returns:
        K times left and top in pixels; None for a label without a free place, which is left out.
        After 1000 of them in a row no more places are looked for.
    """
    taken = np.zeros(canvas, bool)
    places: list[tuple[int, int] | None] = []
    without = 0
    for box, size in zip(boxes, sizes, strict=True):
        place = _place(box, size, taken) if without < _MOST_WITHOUT_PLACE else None
        without = 0 if place else without + 1
        places.append(place)
    return places


def _place(box: Sequence[int], size: tuple[int, int], taken: np.ndarray) -> tuple[int, int] | None:
    """Choose the place of one label, and mark it in `taken`, bool [H, W]."""
    width, height = size
    most_left, most_top = taken.shape[1] - width, taken.shape[0] - height
    if width == 0 or most_left < 0 or most_top < 0:
        return None
    for left, top in _candidates(box, width, height):
        if 0 <= top <= most_top:
            left = min(max(left, 0), most_left)
            area = taken[top : top + height, left : left + width]
            if not area.any():
                area[...] = True
                return left, top
    return None


def _candidates(box: Sequence[int], width: int, height: int) -> Iterator[tuple[int, int]]:
    """The places for a label, in the order of preference."""
    left, top, right, bottom = box
    end, above, below, low = right + 1 - width, top - height, bottom + 1, bottom + 1 - height
    yield from ((left, above), (left, top), (left, below), (end, above), (end, top), (end, below))
    yield from ((left, low), (end, low))
    yield from ((x, y) for y in (top, low) for x in (right + 1, left - width))
    for step in range(1, _LINES_AROUND + 1):
        rows = (above - step * height, top + step * height, below + step * height)
        yield from ((x, y) for y in rows for x in (left, end))
