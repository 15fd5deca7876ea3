"""Drawing boxes and labels on pictures. No torch."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from darknet_torch.errors import UsageError
from darknet_torch.media.label_places import place_labels
from darknet_torch.media.text_drawing import Color, draw_text, line_height, shorten, text_width
from darknet_torch.plots.figure import COLOURS

_GOLDEN_RATIO = 0.61803398875  # steps of this size spread hues evenly
_BRIGHTNESSES = (0.95, 0.7, 0.85)  # in turn, for those who tell colours apart by them
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
WIDEST_LINE = 1000  # pixels
SMALLEST_FONT, LARGEST_FONT = 4, 1000  # pixels


@dataclass(frozen=True, kw_only=True)
class DrawingStyle:
    """How boxes are drawn.

    Attributes:
        line_width: of the boxes in pixels, 1 to 1000; None for 0.4% of the picture's shorter side.
        font_size: in pixels, 4 to 1000; None for 1/36 of the picture's shorter side, at least 10.
        boxes: draw the boxes.
        labels: draw the labels.
        scores: write the scores into the labels.

    Raises:
        UsageError: a number is outside of its range.
    """

    line_width: int | None = None
    font_size: int | None = None
    boxes: bool = True
    labels: bool = True
    scores: bool = True

    def __post_init__(self) -> None:
        limits = {"line_width": (1, WIDEST_LINE), "font_size": (SMALLEST_FONT, LARGEST_FONT)}
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and least <= value <= most):
                raise UsageError(
                    f"{name} cannot be this",
                    expected=f"a whole number of pixels, {least} to {most}, or None",
                    got=repr(value),
                    fix="leave it out, and it follows the size of the picture",
                )

    def line_width_for(self, image: np.ndarray) -> int:
        """The width of lines on a picture [H, W, ...], in pixels."""
        return self.line_width or max(1, round(min(image.shape[:2]) * 0.004))

    def font_size_for(self, image: np.ndarray) -> int:
        """The size of the font on a picture [H, W, ...], in pixels."""
        return self.font_size or max(10, round(min(image.shape[:2]) / 36))


DEFAULT_STYLE = DrawingStyle()


@cache
def class_color(class_id: int) -> Color:
    """Return the BGR colour of a class: fixed per id, and well apart for neighbouring ids.

    The first ones are those of plots, which people who see few colours can tell apart.
    """
    colours = [colour for colour in COLOURS if colour != "#000000"]  # black hides in shadows
    if 0 <= class_id < len(colours):
        red, green, blue = bytes.fromhex(colours[class_id][1:])
        return blue, green, red
    brightness = _BRIGHTNESSES[class_id % len(_BRIGHTNESSES)]
    hue = (class_id * _GOLDEN_RATIO) % 1.0
    red, green, blue = (round(v * 255) for v in colorsys.hsv_to_rgb(hue, 0.85, brightness))
    return blue, green, red


@cache
def text_color(background: Color) -> Color:
    """Return black or white, whichever contrasts more with a BGR colour.

    Source: Web Content Accessibility Guidelines 2, relative luminance and contrast ratio.
    """
    blue, green, red = (
        v / 12.92 if (v := value / 255) <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
        for value in background
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _BLACK if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else _WHITE


def draw_boxes(
    image: np.ndarray,
    boxes_xyxy: np.ndarray,
    names: Sequence[str],
    class_ids: Iterable[int],
    *,
    scores: Iterable[float] | None = None,
    style: DrawingStyle = DEFAULT_STYLE,
) -> np.ndarray:
    """Return a copy of `image` with labelled boxes; the first box is drawn on top.

    Labels are drawn over all boxes, never over each other, and never outside of the picture. The
    first boxes choose their places first (see `place_labels`); a label without a free place near
    its box is left out. A label that is wider than the picture has a shortened name.

    Args:
        image: BGR uint8 [H, W, 3].
        boxes_xyxy: [K, 4] left, top, right, bottom in pixels.
        names: K texts, one for each label.
        class_ids: K class ids, which choose the colours.
        scores: K scores in 0-1, which are added to the labels; None for none.
        style: sizes, and what is drawn.
    """
    canvas = np.ascontiguousarray(image).copy()
    colors = [class_color(int(class_id)) for class_id in class_ids]
    boxes = _clip_to_canvas(boxes_xyxy, canvas)
    if style.boxes:
        width = style.line_width_for(canvas)
        for box, color in zip(boxes[::-1], colors[::-1], strict=True):
            _draw_frame(canvas, box, color, width)
    if style.labels:
        ends = [""] * len(boxes)
        if scores is not None and style.scores:
            ends = [f" {score * 100:.0f}%" for score in scores]
        _draw_labels(canvas, boxes, names, ends, colors, style)
    return canvas


def _draw_frame(canvas: np.ndarray, box: Sequence[int], color: Color, width: int) -> None:
    """Draw four lines of exactly `width` pixels, which cv2.rectangle's thickness does not give."""
    outside = (width - 1) // 2
    inside = width - 1 - outside
    left, top, right, bottom = box
    start, end = (left - outside, top - outside), (right + outside, bottom + outside)
    for first, last in (
        (start, (end[0], top + inside)),
        (start, (left + inside, end[1])),
        ((start[0], bottom - inside), end),
        ((right - inside, start[1]), end),
    ):
        cv2.rectangle(canvas, first, last, color, cv2.FILLED)


def _clip_to_canvas(boxes: np.ndarray, canvas: np.ndarray) -> list[list[int]]:
    height, width = canvas.shape[:2]
    limit = (width - 1, height - 1, width - 1, height - 1)
    rounded = np.rint(np.asarray(boxes, np.float64).reshape(-1, 4))
    return rounded.clip(0, limit).astype(int).tolist()


def _draw_labels(
    canvas: np.ndarray,
    boxes: Sequence[Sequence[int]],
    names: Sequence[str],
    ends: Sequence[str],
    colors: Sequence[Color],
    style: DrawingStyle,
) -> None:
    size, room = style.font_size_for(canvas), canvas.shape[1]
    texts = [shorten(name, size, room, end) for name, end in zip(names, ends, strict=True)]
    height = line_height(size)
    sizes = [(text_width(text, size), height) for text in texts]
    places = place_labels(boxes, sizes, (canvas.shape[0], room))
    for place, text, (width, _), color in zip(places, texts, sizes, colors, strict=True):
        if place is not None:
            left, top = place
            right, bottom = left + width, top + height
            cv2.rectangle(canvas, place, (right - 1, bottom - 1), color, cv2.FILLED)
            draw_text(canvas[top:bottom, left:right], text, size, text_color(color))
