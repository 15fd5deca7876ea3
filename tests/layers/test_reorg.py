"""[reorg] in both directions against the index arithmetic of reorg_cpu."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network


def build(options, dialect="alexeyab"):
    cfg = ["[net]", "channels=18", "height=6", "width=12", "[reorg]", *options.split()]
    return build_network(parse_cfg("\n".join(cfg)), dialect=find_dialect(dialect))


def places(channels, height, width, stride):
    """Pairs of memory positions: in [channels, height, width], and where its square puts it."""
    few = channels // stride**2
    for k, i, j in np.ndindex(channels, height, width):
        square, channel = divmod(k, few)
        row, column = i * stride + square // stride, j * stride + square % stride
        yield (
            j + width * (i + height * k),
            column + width * stride * (row + height * stride * channel),
        )


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("reverse", [False, True])
def test_values_are_moved_to_the_same_places_as_in_darknet(reverse, stride, dialect):
    network = build(f"stride={stride} reverse={int(reverse)}", dialect)
    x = torch.arange(2 * 18 * 6 * 12.0).reshape(2, 18, 6, 12)
    expected = np.full((2, 18 * 6 * 12), -1.0)
    for flat, result in zip(x.reshape(2, -1).numpy(), expected, strict=True):
        for deep, wide in places(18, 6, 12, stride):
            if reverse:
                result[wide] = flat[deep]
            else:
                result[deep] = flat[wide]
    (out,) = network(x)
    factor = stride if reverse else 1 / stride
    assert out.shape == (2, 18 / factor**2, 6 * factor, 12 * factor)
    np.testing.assert_array_equal(out.reshape(2, -1), expected)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


@pytest.mark.parametrize("options", ["stride=5", "stride=7", "stride=6 reverse=1"])
def test_a_stride_without_a_square_of_channels_or_positions_is_refused(options):
    with pytest.raises(CfgError, match=r"is too large for its input.*got input 18x6x12"):
        build(options)


@pytest.mark.parametrize("stride", [2, 4])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_stride_that_does_not_divide_loses_values_as_in_c(reverse, stride):
    """reorg_cpu has no such case: what it reads or writes beyond its arrays is left out."""
    with pytest.warns(CfgWarning, match=f"stride={stride} does not divide its input"):
        network = build(f"stride={stride} reverse={int(reverse)}")
    x = torch.arange(2 * 18 * 6 * 12.0).reshape(2, 18, 6, 12) + 1
    (out,) = network(x)
    flat_out = out.reshape(2, -1).numpy()
    expected = np.zeros_like(flat_out)
    for flat, result in zip(x.reshape(2, -1).numpy(), expected, strict=True):
        for deep, wide in places(18, 6, 12, stride):
            to, source = (wide, deep) if reverse else (deep, wide)
            if to < len(result):
                result[to] = flat[source] if source < len(flat) else 0
    np.testing.assert_array_equal(flat_out, expected)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


def test_pjreddies_flatten_is_applied_before_extra():
    network = build("flatten=1 extra=2", "pjreddie")
    x = torch.rand(2, 18, 6, 12)
    plain = build("flatten=1", "pjreddie")(x)[0].flatten(1)
    expected = torch.cat((plain, torch.zeros(2, 2)), 1)
    torch.testing.assert_close(network(x)[0].flatten(1), expected, rtol=0, atol=0)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("reverse", [False, True])
def test_pjreddies_flatten_puts_the_channels_last(reverse, stride):
    network = build(f"flatten=1 stride={stride} reverse={int(reverse)}", "pjreddie")
    x = torch.arange(2 * 18 * 6 * 12.0).reshape(2, 18, 6, 12)
    expected = np.full((2, 18 * 6 * 12), -1.0)
    for flat, result in zip(x.reshape(2, -1).numpy(), expected, strict=True):
        for c, at in np.ndindex(18, 6 * 12):
            if reverse:
                result[c * 72 + at] = flat[at * 18 + c]
            else:
                result[at * 18 + c] = flat[c * 72 + at]
    (out,) = network(x)
    np.testing.assert_array_equal(out.reshape(2, -1), expected)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


def test_pjreddies_extra_appends_zeros():
    network = build("extra=5", "pjreddie")
    x = torch.rand(2, 18, 6, 12)
    (out,) = network(x)
    assert out.shape == (2, 18 * 6 * 12 + 5, 1, 1)
    torch.testing.assert_close(out[:, :-5, 0, 0], x.flatten(1), rtol=0, atol=0)
    assert not out[:, -5:].any()
