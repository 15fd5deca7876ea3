"""[maxpool] with maxpool_depth: over channels instead of positions."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

LOWEST = np.finfo(np.float32).min


def build(options, dialect="alexeyab"):
    cfg = ["[net]", "channels=7", "height=2", "width=3", "[maxpool]", *options.split()]
    return build_network(parse_cfg("\n".join(cfg)), dialect=find_dialect(dialect))


def picture():
    """Below zero, so that channels of zeros would show."""
    return -torch.rand(2, 7, 2, 3, generator=torch.Generator().manual_seed(7)) - 1


def over_channels(x, wanted):
    out = np.full((2, wanted, 2, 3), LOWEST)
    for n, g, i, j in np.ndindex(*out.shape):
        for k in range(g, 7, wanted):
            out[n, g, i, j] = max(out[n, g, i, j], x[n, k, i, j])
    return out


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
@pytest.mark.parametrize("wanted", range(1, 8))
def test_an_output_is_the_largest_of_every_so_many_channels(wanted, dialect, training):
    network = build(f"maxpool_depth=1 out_channels={wanted}", dialect).train(training)
    (out,) = network(picture())
    np.testing.assert_array_equal(out, over_channels(picture().numpy(), wanted))
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


def test_one_channel_is_left_unless_told_and_the_window_does_not_matter():
    (out,) = build("maxpool_depth=1 size=2 stride=2")(picture())
    np.testing.assert_array_equal(out, over_channels(picture().numpy(), 1))


def test_more_channels_than_there_are_cannot_be_made():
    message = (
        r"<cfg>:5: \[maxpool\] maxpool_depth cannot make more channels: "
        r"expected out_channels of 7 at most, got 8"
    )
    with pytest.raises(CfgError, match=message):
        build("maxpool_depth=1 out_channels=8")


def test_pjreddie_pools_over_positions():
    with pytest.warns(CfgWarning, match="'maxpool_depth' is an option of alexeyab/darknet"):
        network = build("maxpool_depth=1 size=2 stride=2", "pjreddie")
    assert network(picture())[0].shape == (2, 7, 1, 2)
