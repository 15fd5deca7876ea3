"""Resizing pictures as Darknet does: its own rule bit for bit, or OpenCV's. No torch."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

# Source rows are converted in blocks of so many values, which stay in a core's cache.
_BLOCK_VALUES = 2**16


def resize_darknet(
    planes: np.ndarray, height: int, width: int, *, out: np.ndarray | None = None
) -> np.ndarray:
    """Resize bilinearly with aligned corners: the corner pixels of both pictures coincide.

    Args:
        planes: uint8 [H, W, C], or float32 in 0-1; in any order of memory.
        height, width: the new size in pixels.
        out: float32 [height, width, C] to write to, in any order of memory; a new array by
            default.

    Returns:
        `out`, in 0-1.

    Source: image.c resize_image (both code bases), in float32 as there.
    """
    own_height, own_width, channels = planes.shape
    if out is None:
        out = np.empty((height, width, channels), np.float32)
    if (own_height, own_width) == (height, width):
        _copy_as_floats(planes, out)
        return out
    planes = np.ascontiguousarray(planes)
    rows, columns = row_taps(own_height, height), column_taps(own_width, width)
    block = max(1, _BLOCK_VALUES // (width * channels))
    # A row lies between two source rows, so a block of rows needs at most twice as many.
    scratch = np.empty((2, 2 * min(block, height), width, channels), np.float32)
    for start in range(0, height, block):
        part = slice(start, min(start + block, height))
        _resize_rows(planes, rows, columns, part, scratch, out[part])
    return out


@dataclass(frozen=True)
class Taps:
    """The two source pixels between which each new pixel of an axis lies, and their weights.

    Attributes:
        first, second: [n] index of the source pixels; neither ever decreases.
        first_weights, second_weights: [n] float32.
    """

    first: np.ndarray
    second: np.ndarray
    first_weights: np.ndarray
    second_weights: np.ndarray


@dataclass(frozen=True)
class RowTaps(Taps):
    """Taps whose indices count the source rows in `used`: only these are resized horizontally."""

    used: np.ndarray


@functools.lru_cache(maxsize=64)
def row_taps(size: int, new_size: int) -> RowTaps:
    """Return between which rows of `size` each of `new_size` rows lies."""
    first, fractions = _interpolation_taps(size, new_size)
    second = np.minimum(first + 1, size - 1)
    # For the last row, and for a picture of one row, C uses the upper row alone.
    second_weights = fractions.copy() if size > 1 else np.zeros_like(fractions)
    second_weights[-1] = 0
    used, where = np.unique(np.concatenate((first, second)), return_inverse=True)
    return RowTaps(where[:new_size], where[new_size:], 1 - fractions, second_weights, used)


@functools.lru_cache(maxsize=64)
def column_taps(size: int, new_size: int) -> Taps:
    """Return between which columns of `size` each of `new_size` columns lies."""
    first, fractions = _interpolation_taps(size, new_size)
    first[-1], fractions[-1] = size - 1, 0  # C copies the last column.
    if size == 1:
        fractions[:] = 0
    return Taps(first, np.minimum(first + 1, size - 1), 1 - fractions, fractions)


def _interpolation_taps(size: int, new_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of an axis of `size` pixels that each of `new_size` lies between.

    Returns:
        [new_size] index of the source pixel at or before the sampling position, and
        [new_size] distance from that pixel to the position, in 0-1.
    """
    if new_size == 1:
        return np.zeros(1, np.int64), np.zeros(1, np.float32)
    scale = np.float32(size - 1) / np.float32(new_size - 1)
    positions = np.arange(new_size, dtype=np.float32) * scale
    first = np.minimum(positions.astype(np.int64), size - 1)
    return first, positions - first.astype(np.float32)


def _resize_rows(
    planes: np.ndarray,
    rows: RowTaps,
    columns: Taps,
    part: slice,
    scratch: np.ndarray,
    out: np.ndarray,
) -> None:
    """Compute some rows of the new picture.

    Args:
        planes: [H, W, C] in C order.
        rows, columns: of the whole picture.
        part: which rows to compute.
        scratch: float32 [2, at least twice the number of these rows, width, C] to overwrite.
        out: float32 [the number of these rows, width, C] to write to.
    """
    first, second = rows.first[part], rows.second[part]
    start, end = first[0], second[-1] + 1
    lines, rest = scratch
    _resize_lines(planes[rows.used[start:end]], columns, lines[: end - start], rest[: end - start])
    upper, lower = rest[: len(out)], rest[len(out) : 2 * len(out)]
    # With another mode than "clip", np.take writes to a buffer first.
    np.take(lines, first - start, axis=0, out=upper, mode="clip")
    np.take(lines, second - start, axis=0, out=lower, mode="clip")
    upper *= rows.first_weights[part, None, None]
    lower *= rows.second_weights[part, None, None]
    np.add(upper, lower, out=out)


def _resize_lines(lines: np.ndarray, columns: Taps, out: np.ndarray, scratch: np.ndarray) -> None:
    """Resize rows horizontally.

    Args:
        lines: [rows, W, C] in C order.
        columns: of the picture.
        out: float32 [rows, width, C] in C order to write to.
        scratch: the same to overwrite.
    """
    channels = lines.shape[2]
    left, right = _take_columns(lines, columns)
    for values, side, weights in (
        (out, left, columns.first_weights),
        (scratch, right, columns.second_weights),
    ):
        _copy_as_floats(side, values)
        values *= np.repeat(weights, channels).reshape(-1, channels)
    out += scratch


def _take_columns(lines: np.ndarray, columns: Taps) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the second tap of every new column: both [rows, width, C]."""
    if lines.shape[2] == 3:
        # np.take copies pixel by pixel, which is slow for pixels of three values. In the
        # transposed picture it copies whole columns.
        across = cv2.transpose(lines)
        return cv2.transpose(across[columns.first]), cv2.transpose(across[columns.second])
    return np.take(lines, columns.first, axis=1), np.take(lines, columns.second, axis=1)


def _copy_as_floats(planes: np.ndarray, out: np.ndarray) -> None:
    """Write uint8 to float32 `out` in 0-1; floats are in 0-1 already and stay unchanged."""
    if planes.dtype == np.uint8:
        np.divide(planes, np.float32(255), out=out)
    else:
        out[...] = planes


def resize_opencv(
    planes: np.ndarray, height: int, width: int, *, out: np.ndarray | None = None
) -> np.ndarray:
    """Resize bytes bilinearly by cv2.resize, as Darknet does with video frames.

    Args:
        planes: uint8 [H, W, C].
        height, width, out: see `resize_darknet`.

    Returns:
        `out`, float32 [height, width, C] in 0-1.
    """
    resized = cv2.resize(np.ascontiguousarray(planes), (width, height))
    return np.divide(resized.reshape(height, width, -1), np.float32(255), out=out)


RESIZERS = {"darknet": resize_darknet, "opencv": resize_opencv}
RESIZE_METHODS = tuple(RESIZERS)
