"""[upsample] in both directions against plain loops."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network


def build(options):
    cfg = ["[net]", "channels=2", "height=4", "width=6", "[upsample]", *options.split()]
    return build_network(parse_cfg("\n".join(cfg)))


def picture():
    return torch.randn(2, 2, 4, 6, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("options", "stride", "scale"),
    [("", 2, 1), ("stride=1", 1, 1), ("stride=3", 3, 1), ("stride=2 scale=.3", 2, 0.3)],
)
def test_every_value_is_repeated_over_a_square(options, stride, scale):
    x = picture().double().numpy()
    expected = np.zeros((2, 2, 4 * stride, 6 * stride))
    for n, c, i, j in np.ndindex(*expected.shape):
        expected[n, c, i, j] = scale * x[n, c, i // stride, j // stride]
    network = build(options)
    (out,) = network(picture())
    np.testing.assert_allclose(out, expected, rtol=1e-6)  # one float32 product
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == expected.shape[1:]


@pytest.mark.parametrize(
    ("options", "stride", "scale"),
    [("stride=-2", 2, 1), ("stride=-1", 1, 1), ("stride=-2 scale=.3", 2, 0.3)],
)
def test_a_negative_stride_sums_squares(options, stride, scale):
    x = picture().double().numpy()
    expected = np.zeros((2, 2, 4 // stride, 6 // stride))
    for n, c, i, j in np.ndindex(*x.shape):
        expected[n, c, i // stride, j // stride] += scale * x[n, c, i, j]
    network = build(options)
    (out,) = network(picture())
    np.testing.assert_allclose(out, expected, atol=1e-6)  # float32 sums of 4
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == expected.shape[1:]


@pytest.mark.parametrize("stride", [0, -3, -4])
def test_a_stride_that_does_not_divide_is_refused(stride):
    with pytest.raises(CfgError, match=f"stride={stride}.* minus a divisor .* got input 2x4x6"):
        build(f"stride={stride}")
