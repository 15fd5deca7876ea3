"""Convolution against plain loops, and the sizes of its output."""

import numpy as np
import pytest
import torch

from darknet_torch.ops.convolution import Geometry, convolve, count_windows

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32 sums of up to 36 products near 1
CHANNELS, HEIGHT, WIDTH = 4, 6, 7


def plain_convolution(x, weights, biases, geometry, rows, columns):
    """Each of rows x columns outputs as the sum over its window, zeros beyond the border."""
    count, _, height, width = x.shape
    filters, depth, size, _ = weights.shape
    out = np.zeros((count, filters, rows, columns)) + biases[:, None, None]
    for f, i, j, c, a, b in np.ndindex(filters, rows, columns, depth, size, size):
        row = i * geometry.stride_y + (a - geometry.padding) * geometry.dilation
        column = j * geometry.stride_x + (b - geometry.padding) * geometry.dilation
        if 0 <= row < height and 0 <= column < width:
            first = f // (filters // geometry.groups) * depth
            out[:, f, i, j] += weights[f, c, a, b] * x[:, first + c, row, column]
    return out


def arrays(geometry, filters=4):
    """Pictures, weights and biases, all random."""
    generator = torch.Generator().manual_seed(2)
    shape = (filters, CHANNELS // geometry.groups, geometry.size, geometry.size)
    return (
        torch.randn(2, CHANNELS, HEIGHT, WIDTH, generator=generator),
        torch.randn(shape, generator=generator),
        torch.randn(filters, generator=generator),
    )


@pytest.mark.parametrize(
    ("span", "stride", "windows"),
    [(0, 1, 1), (4, 1, 5), (5, 2, 3), (4, 2, 3), (-1, 2, 1), (-2, 2, 0), (-3, 2, 0)],
)
def test_windows_are_counted_with_cs_division(span, stride, windows):
    assert count_windows(span, stride) == windows


def test_the_output_size_ignores_the_dilation_and_dilated_output_does_not():
    geometry = Geometry(3, stride_y=2, stride_x=1, padding=0, dilation=2)
    assert geometry.output(HEIGHT, WIDTH) == (2, 5)
    assert geometry.dilated_output(HEIGHT, WIDTH) == (1, 3)


@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        (Geometry(3, 2, 2), "3x3/2"),
        (Geometry(3, 2, 1), "3x3/1x2"),
        (Geometry(3, dilation=2), "3x3/1(2)"),
    ],
)
def test_it_is_described_in_darknets_words(geometry, text):
    assert geometry.text == text


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry(1),
        Geometry(3, padding=1),
        Geometry(3, 2, 1, padding=1),
        Geometry(2, 3, 2),
        Geometry(3, padding=1, groups=2),
        Geometry(3, padding=1, dilation=2),
        Geometry(3, 2, 2, padding=1, dilation=3, groups=4),
        Geometry(5, padding=4, dilation=1),
        Geometry(7, 2, 2),  # higher than the input, which C counts as one window
    ],
    ids=str,
)
def test_every_output_is_the_sum_over_its_window(geometry):
    x, weights, biases = arrays(geometry)
    rows, columns = geometry.output(HEIGHT, WIDTH)
    expected = plain_convolution(
        x.double().numpy(), weights.numpy(), biases.numpy(), geometry, rows, columns
    )
    out = convolve(x, weights, biases, geometry)
    assert out.shape == (2, 4, rows, columns)
    np.testing.assert_allclose(out, expected, **CLOSE)


def test_windows_missing_because_of_the_dilation_read_zeros():
    geometry = Geometry(3, dilation=2)
    x, weights, biases = arrays(geometry)
    assert geometry.dilated_output(HEIGHT, WIDTH) == (2, 3)
    expected = plain_convolution(
        x.double().numpy(), weights.numpy(), biases.numpy(), geometry, 4, 5
    )
    np.testing.assert_allclose(convolve(x, weights, biases, geometry), expected, **CLOSE)


@pytest.mark.parametrize("groups", [1, 2])
def test_more_dilated_windows_than_outputs_scramble_the_product(groups):
    """im2col_cpu_ext writes rows of the dilated size; gemm reads rows of the undilated one."""
    geometry = Geometry(2, padding=1, dilation=3, groups=groups)
    x, weights, biases = arrays(geometry)
    rows, columns = geometry.output(HEIGHT, WIDTH)
    wide_rows, wide_columns = geometry.dilated_output(HEIGHT, WIDTH)
    assert wide_rows * wide_columns > rows * columns
    depth, positions = CHANNELS // groups, rows * columns
    padded = np.pad(x.double().numpy(), ((0, 0), (0, 0), (3, 3), (3, 3)))
    expected = np.zeros((2, 4, rows, columns))
    for n, group in np.ndindex(2, groups):
        values = [
            padded[n, group * depth + c, i + 3 * a, j + 3 * b]
            for c, a, b in np.ndindex(depth, 2, 2)
            for i, j in np.ndindex(wide_rows, wide_columns)
        ]
        filters = slice(group * 4 // groups, (group + 1) * 4 // groups)
        kernel = weights[filters].flatten(1).double().numpy()
        matrix = np.reshape(values[: kernel.shape[1] * positions], (-1, positions))
        expected[n, filters] = (kernel @ matrix).reshape(-1, rows, columns)
    expected += biases.numpy()[:, None, None]
    np.testing.assert_allclose(convolve(x, weights, biases, geometry), expected, **CLOSE)


def test_without_biases_none_are_added():
    geometry = Geometry(3, padding=1)
    x, weights, _ = arrays(geometry)
    zeros = torch.zeros(4)
    assert torch.equal(convolve(x, weights, None, geometry), convolve(x, weights, zeros, geometry))
