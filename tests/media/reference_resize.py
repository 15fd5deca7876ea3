"""Darknet's resize as plainly as numpy allows: a few gathers over the whole picture."""

import numpy as np


def reference_resize(planes, height, width):
    """As `resize_darknet`. Source: image.c resize_image (both code bases)."""
    own_height, own_width = planes.shape[:2]
    planes = planes / np.float32(255) if planes.dtype == np.uint8 else planes
    if (own_height, own_width) == (height, width):
        return planes
    rows, row_fractions = _taps(own_height, height)
    columns, column_fractions = _taps(own_width, width)
    columns[-1], column_fractions[-1] = own_width - 1, 0
    next_rows = np.minimum(rows + 1, own_height - 1)
    next_columns = np.minimum(columns + 1, own_width - 1)
    next_row_weights = row_fractions.copy()
    next_row_weights[-1] = 0
    if own_height == 1:
        next_row_weights[:] = 0
    if own_width == 1:
        column_fractions[:] = 0
    column_fractions = column_fractions[None, :, None]
    part = (1 - column_fractions) * planes[:, columns] + column_fractions * planes[:, next_columns]
    upper = (1 - row_fractions)[:, None, None] * part[rows]
    return upper + next_row_weights[:, None, None] * part[next_rows]


def _taps(size, new_size):
    if new_size == 1:
        return np.zeros(1, np.int64), np.zeros(1, np.float32)
    scale = np.float32(size - 1) / np.float32(new_size - 1)
    positions = np.arange(new_size, dtype=np.float32) * scale
    first = np.minimum(positions.astype(np.int64), size - 1)
    return first, positions - first.astype(np.float32)


def pixels(height, width, channels, seed=0, *, floats=False):
    """Noise, uint8 [height, width, channels], or float32 in 0-1."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return (values / np.float32(255)) ** 2 if floats else values


def assert_same_bits(got, expected):
    """Both are float32; `expected` is in C order."""
    assert (got.dtype, got.shape) == (np.float32, expected.shape)
    np.testing.assert_array_equal(np.ascontiguousarray(got).view(np.uint32), expected.view("u4"))
