"""Sums with the rounding of C's loops, to the bit."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from darknet_torch.ops import c_order_sums

F = np.float32


def values(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_product_adds_column_by_column():
    weights, matrix = values(3, 50), values(50, 4, seed=2)
    expected = np.zeros((3, 4), F)
    for m, n in np.ndindex(3, 4):
        total = F(0)
        for k in range(50):
            total = F(total + F(F(weights[m, k]) * F(matrix[k, n])))
        expected[m, n] = total
    found = c_order_sums.product(weights, matrix).numpy()
    np.testing.assert_array_equal(found, expected)
    exact = (weights.double() @ matrix.double()).float().numpy()
    assert not np.array_equal(exact, expected)


def taps(window, shape, n, f):
    """The values that each output of filter `f` sums, in the order of C's loops."""
    channels, height, width = shape
    per_group = channels // window.groups
    first = f // (8 // window.groups) * per_group
    rows, columns = window.output(height, width)
    for i, j, c, row, column in np.ndindex(rows, columns, per_group, 3, 3):
        y = i * window.strides[0] + row - window.padding
        x = j * window.strides[1] + column - window.padding
        if 0 <= y < height and 0 <= x < width:
            yield (i, j), (c, row, column), (first + c, y, x)


WINDOWS = [((1, 1), 1, 1), ((2, 1), 0, 2), ((2, 2), 1, 4)]


@pytest.mark.parametrize(("strides", "padding", "groups"), WINDOWS)
def test_a_convolution_adds_over_channels_and_window(strides, padding, groups):
    window = c_order_sums.ConvolutionWindow(3, strides, padding, groups)
    x, weights, biases = (
        values(2, 4, 6, 5),
        values(8, 4 // groups, 3, 3, seed=2),
        values(8, seed=3),
    )
    found = c_order_sums.convolution(x, weights, biases, window)
    expected = np.zeros(found.shape, F)
    for n, f in np.ndindex(2, 8):
        for place, weight, origin in taps(window, x.shape[1:], n, f):
            added = F(weights[(f, *weight)]) * F(x[(n, *origin)])
            expected[(n, f, *place)] += added
    expected += biases.numpy()[:, None, None]
    np.testing.assert_array_equal(found.numpy(), expected)
    wanted = functional.conv2d(x, weights, biases, strides, padding, 1, groups)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("strides", "padding", "groups"), WINDOWS)
def test_its_weights_get_the_gradient_of_one_image_after_the_other(strides, padding, groups):
    window = c_order_sums.ConvolutionWindow(3, strides, padding, groups)
    x, weights = values(2, 4, 6, 5), values(8, 4 // groups, 3, 3, seed=2).requires_grad_()
    out = c_order_sums.convolution(x, weights, None, window)
    delta, begun = values(*out.shape, seed=4), values(*weights.shape, seed=5)
    weights.grad = begun.clone()
    out.backward(delta)
    expected = begun.numpy().copy()
    for n in range(2):
        image = np.zeros_like(expected)
        for f in range(8):
            for place, weight, origin in taps(window, x.shape[1:], n, f):
                image[(f, *weight)] += F(delta[(n, f, *place)]) * F(x[(n, *origin)])
        expected += image
    np.testing.assert_array_equal(weights.grad.numpy(), expected)


@pytest.mark.parametrize(("strides", "padding", "groups"), WINDOWS)
def test_its_gradients_are_those_of_a_convolution(strides, padding, groups):
    window = c_order_sums.ConvolutionWindow(3, strides, padding, groups)
    found, wanted = (
        [values(2, 4, 6, 5), values(8, 4 // groups, 3, 3, seed=2), values(8, seed=3)]
        for _ in range(2)
    )
    for part in (*found, *wanted):
        part.requires_grad_()
    out = c_order_sums.convolution(*found, window)
    delta = values(*out.shape, seed=4)
    out.backward(delta)
    functional.conv2d(*wanted, strides, padding, 1, groups).backward(delta)
    for mine, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-4)


def test_statistics_square_in_float64_and_store_in_float32():
    x = values(3, 2, 4, 5) * 3 + 100
    mean, variance = c_order_sums.statistics(x)
    for c in range(2):
        flat = x[:, c].flatten().tolist()
        total = F(0)
        for value in flat:
            total = F(total + F(value))
        middle = F(total * F(1 / 60))
        spread = F(0)
        for value in flat:
            spread = F(float(spread) + float(F(F(value) - middle)) ** 2)
        assert mean[c].item() == middle
        assert variance[c].item() == F(spread * F(1 / 59))
