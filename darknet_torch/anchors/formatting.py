"""Formats anchors as the value of anchors= in a cfg."""

from __future__ import annotations

import numpy as np

_IN_CELLS_UP_TO = 32


def format_anchors_for_cfg(anchors: np.ndarray, *, as_integers: bool) -> str:
    """`format_anchors_padded` without padding of the first number: ``10, 13,  16, 30``."""
    return format_anchors_padded(anchors, as_integers=as_integers).strip()


def format_anchors_padded(anchors: np.ndarray, *, as_integers: bool) -> str:
    """Format anchors as calc_anchors prints them: `` 10, 13,  16, 30``.

    Args:
        anchors: [k, 2] widths and heights.
        as_integers: write whole numbers, as for pixels; else four decimals, as for cells.

    Source: detector.c calc_anchors (AlexeyAB).
    Differs: a number that would be rounded to 0, whose logarithm is not finite, keeps two
    digits.
    """
    pairs = (
        ",".join(_number(value, as_integers=as_integers) for value in pair) for pair in anchors
    )
    return ", ".join(pairs)


def anchors_are_pixels(width: int) -> bool:
    """Whether anchors for an input of `width` pixels are written in pixels instead of cells."""
    return width > _IN_CELLS_UP_TO


def _number(value: float, *, as_integers: bool) -> str:
    text = f"{value:3.0f}" if as_integers else f"{value:2.4f}"
    return text if float(text) > 0 else f"{value:.2g}"
