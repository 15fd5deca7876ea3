"""[reorg3d] in both directions against the index arithmetic of AlexeyAB's reorg_cpu."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

CHANNELS, HEIGHT, WIDTH = 16, 4, 6


def build(options):
    net = f"[net]\nchannels={CHANNELS}\nheight={HEIGHT}\nwidth={WIDTH}\n"
    return build_network(parse_cfg("\n".join((net, "[reorg3d]", *options.split()))))


def numbered(count=2):
    return torch.arange(count * CHANNELS * HEIGHT * WIDTH * 1.0).reshape(
        count, CHANNELS, HEIGHT, WIDTH
    )


def moved(values, channels, height, width, stride, *, to_blocks):
    """One picture's memory: [channels, height, width], and squares of `stride` ** 2 places.

    The sizes are those of the side with the many channels.
    """
    few = channels // stride**2
    out = np.full(len(values), -1.0)
    for k, j, i in np.ndindex(channels, height, width):
        deep = i + width * (j + height * k)
        row, column = j * stride + k // few // stride, i * stride + k // few % stride
        wide = column + width * stride * (row + height * stride * (k % few))
        if to_blocks:
            out[wide] = values[deep]
        else:
            out[deep] = values[wide]
    return out


@pytest.mark.parametrize("stride", [1, 2])
def test_squares_become_channels_in_plain_order(stride):
    network = build(f"stride={stride}")
    sizes = CHANNELS * stride**2, HEIGHT // stride, WIDTH // stride
    (out,) = network(numbered())
    assert out.shape == (2, *sizes)
    for found, picture in zip(out, numbered(), strict=True):
        expected = moved(picture.reshape(-1).numpy(), *sizes, stride, to_blocks=False)
        np.testing.assert_array_equal(found.reshape(-1), expected)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == sizes


@pytest.mark.parametrize("stride", [1, 2])
def test_the_reverse_reads_its_memory_with_the_sizes_of_its_output(stride):
    network = build(f"stride={stride} reverse=1")
    sizes = CHANNELS // stride**2, HEIGHT * stride, WIDTH * stride
    (out,) = network(numbered())
    assert out.shape == (2, *sizes)
    for found, picture in zip(out, numbered(), strict=True):
        expected = moved(picture.reshape(-1).numpy(), *sizes, stride, to_blocks=True)
        np.testing.assert_array_equal(found.reshape(-1), expected)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == sizes


def test_squares_keep_the_colours_of_a_picture_together():
    network = build("stride=2")
    x = numbered(count=1)
    (out,) = network(x)
    for a, b in np.ndindex(2, 2):
        first = (2 * a + b) * CHANNELS
        np.testing.assert_array_equal(out[:, first : first + CHANNELS], x[..., a::2, b::2])


@pytest.mark.parametrize("options", ["stride=5", "stride=3 reverse=1"])
def test_a_stride_without_a_square_of_channels_or_positions_is_refused(options):
    with pytest.raises(CfgError, match=r"\[reorg3d\] stride=. is too large for its input"):
        build(options)


def test_a_stride_that_does_not_divide_reads_rows_of_another_length():
    """reorg_cpu takes the input for one of as many columns as its squares cover."""
    with pytest.warns(CfgWarning, match="stride=4 does not divide its input"):
        network = build("stride=4")
    sizes = CHANNELS * 16, 1, 1
    (out,) = network(numbered())
    assert out.shape == (2, *sizes)
    for found, picture in zip(out, numbered(), strict=True):
        expected = moved(picture.reshape(-1).numpy(), *sizes, 4, to_blocks=False)
        np.testing.assert_array_equal(found.reshape(-1), expected[: found.numel()])
