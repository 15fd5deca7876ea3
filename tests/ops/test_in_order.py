"""Sums with the rounding of C's loops, to the bit."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.network import build_network
from darknet_torch.ops import in_order

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
    found = in_order.product(weights, matrix).numpy()
    np.testing.assert_array_equal(found, expected)
    exact = (weights.double() @ matrix.double()).float().numpy()
    assert not np.array_equal(exact, expected)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation", "groups"),
    [((1, 1), 1, 1, 1), ((2, 1), 0, 1, 2), ((1, 1), 2, 2, 1), ((2, 2), 1, 1, 4)],
)
def test_a_convolution_adds_over_channels_and_window(strides, padding, dilation, groups):
    x, weights = values(2, 4, 6, 5), values(8, 4 // groups, 3, 3, seed=2)
    found = in_order.convolution(x, weights, strides, padding, dilation, groups)
    wanted = functional.conv2d(x, weights, None, strides, padding, dilation, groups)
    assert found.shape == wanted.shape
    padded = functional.pad(x, [padding] * 4).numpy()
    expected = np.zeros(found.shape, F)
    per_group = 4 // groups
    for n, f, i, j in np.ndindex(*found.shape):
        first = f // (8 // groups) * per_group
        total = F(0)
        for c, row, column in np.ndindex(per_group, 3, 3):
            y, z = i * strides[0] + row * dilation, j * strides[1] + column * dilation
            product = F(weights[f, c, row, column]) * F(padded[n, first + c, y, z])
            total = F(total + F(product))
        expected[n, f, i, j] = total
    np.testing.assert_array_equal(found.numpy(), expected)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_statistics_square_in_float64_and_store_in_float32():
    x = values(3, 2, 4, 5) * 3 + 100
    mean, variance = in_order.statistics(x)
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


def test_instead_has_the_values_of_one_and_the_gradient_of_the_other():
    x = values(5).requires_grad_()
    exact = torch.arange(5.0)
    out = in_order.instead(x * 3, exact)
    assert torch.equal(out, exact)
    out.sum().backward()
    assert torch.equal(x.grad, torch.full((5,), 3.0))


def test_all_parts_of_a_network_are_told():
    cfg = "[net]\nwidth=4\nheight=4\nchannels=2\n[convolutional]\nbatch_normalize=1\nfilters=2\n"
    network = build_network(parse_cfg(cfg + "size=3\n[batchnorm]\n[connected]\noutput=2"))
    parts = [part for part in network.modules() if hasattr(part, "in_order")]
    assert len(parts) >= 3
    in_order.sum_in_order(network)
    assert all(part.in_order for part in parts)
    in_order.sum_in_order(network, False)
    assert not any(part.in_order for part in parts)
    in_order.sum_in_order(nn.Identity())
