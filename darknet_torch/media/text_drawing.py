"""Drawing a line of text on a picture, in any script that OpenCV has a font for. No torch.

OpenCV 5 has fonts for Latin, Greek, Cyrillic, Chinese, Japanese, Korean, Hebrew and Arabic. OpenCV
4 has ASCII alone: accents are left out there, and other characters become question marks.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import Any, Protocol

import cv2
import numpy as np

Color = tuple[int, int, int]  # blue, green, red in 0-255

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]+")
_WEIGHT = 400  # of a regular font; without it, it depends on what was drawn before
_KEPT_WIDTHS = 4096  # texts whose widths are kept


class _Font(Protocol):
    """What draws text; sizes are in pixels, from the top of a capital's accent to the baseline."""

    ellipsis: str

    def drawable(self, text: str) -> str:
        """The text with its characters replaced that the font does not have."""

    def width(self, text: str, size: int) -> int:
        """The width in pixels of a drawable text."""

    def put(
        self, canvas: np.ndarray, text: str, origin: tuple[int, int], size: int, color: Color
    ) -> None:
        """Draw a drawable text; `origin` is the left end of its baseline."""


class _UnicodeFont:
    """The font of OpenCV 5. It writes from left to right, so other scripts are turned around."""

    ellipsis = "…"

    def __init__(self) -> None:
        self._face: Any = cv2.FontFace("sans")
        self._lock = threading.Lock()  # OpenCV draws wrong letters if two threads draw at once

    def drawable(self, text: str) -> str:
        words = text.split(" ")
        runs = groupby(words, lambda word: _RIGHT_TO_LEFT.fullmatch(word) is not None)
        return " ".join(
            " ".join(run)[::-1] if is_reversed else " ".join(run) for is_reversed, run in runs
        )

    def width(self, text: str, size: int) -> int:
        with self._lock:
            return int(cv2.getTextSize((0, 0), text, (0, 0), self._face, size, _WEIGHT)[2])

    def put(
        self, canvas: np.ndarray, text: str, origin: tuple[int, int], size: int, color: Color
    ) -> None:
        with self._lock:
            cv2.putText(canvas, text, origin, color, self._face, size, _WEIGHT)


class _AsciiFont:
    """The font of OpenCV 4."""

    ellipsis = "..."
    _face = cv2.FONT_HERSHEY_SIMPLEX
    _height = 30  # pixels of a line at scale 1

    def drawable(self, text: str) -> str:
        letters = unicodedata.normalize("NFKD", text)
        base = "".join(letter for letter in letters if not unicodedata.combining(letter))
        return base.encode("ascii", "replace").decode()

    def width(self, text: str, size: int) -> int:
        scale, thickness = self._stroke(size)
        return int(cv2.getTextSize(text, self._face, scale, thickness)[0][0])

    def put(
        self, canvas: np.ndarray, text: str, origin: tuple[int, int], size: int, color: Color
    ) -> None:
        scale, thickness = self._stroke(size)
        cv2.putText(canvas, text, origin, self._face, scale, color, thickness, cv2.LINE_AA)

    def _stroke(self, size: int) -> tuple[float, int]:
        return size / self._height, max(1, round(size / 16))


_FONT: _Font = _UnicodeFont() if hasattr(cv2, "FontFace") else _AsciiFont()


def line_height(size: int) -> int:
    """The height in pixels of a line of text, with the room for what reaches below it."""
    return math.ceil(1.3 * size)


@lru_cache(_KEPT_WIDTHS)
def text_width(text: str, size: int) -> int:
    """The width in pixels of a line of text, with its margins.

    Args:
        text: any text; see `draw_text`.
        size: of the font, in pixels.
    """
    return _width(_clean(text), size)


def shorten(text: str, size: int, width: int, end: str = "") -> str:
    """Cut a text off so that it fits into a width; an ellipsis shows where it was cut.

    Args:
        text: any text.
        size: of the font, in pixels.
        width: the room in pixels.
        end: what follows the text and is kept.

    Returns:
        The longest beginning of `text` that fits, an ellipsis if that is not all of it, and
        `end`; an empty text if not even one character and these fit.
    """
    if text_width(text + end, size) <= width:
        return text + end
    end = _FONT.ellipsis + end
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if _width(_clean(text[:middle] + end), size) <= width:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + end if fits else ""


def draw_text(canvas: np.ndarray, text: str, size: int, color: Color) -> None:
    """Draw a line of text from the left end of a picture; nothing is drawn outside of it.

    Args:
        canvas: BGR uint8 [`line_height`, `text_width`, 3], which may be part of a picture, and
            is drawn on.
        text: any text. Line ends and other control characters become spaces, letters and their
            accents one character. Words of Hebrew and Arabic run from right to left; Arabic
            letters are not joined. What the font does not have becomes a question mark.
        size: of the font, in pixels.
        color: BGR.
    """
    part = np.ascontiguousarray(canvas)
    _FONT.put(part, _clean(text), (_margin(size), size), size, color)
    canvas[...] = part


def undrawable_names(names: Iterable[str]) -> list[str]:
    """The names that the installed OpenCV can only draw with other characters: none with 5."""
    if isinstance(_FONT, _UnicodeFont):
        return []
    return [name for name in names if not name.isascii()]


def _clean(text: str) -> str:
    """The text as it is handed to the font."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).encode("utf-8", "replace").decode()
        text = _FONT.drawable(text)
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _width(clean: str, size: int) -> int:
    return _FONT.width(clean, size) + 2 * _margin(size) if clean else 0


def _margin(size: int) -> int:
    """The room in pixels on both sides of a text."""
    return math.ceil(size / 8)
