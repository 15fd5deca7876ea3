"""[route]: which layers and channels it joins, in which order."""

import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

LAYERS = ("convolutional filters=4", "maxpool size=2 stride=1", "convolutional filters=2")


def build(*sections, dialect="alexeyab"):
    lines = ["net channels=3 height=4 width=6", *sections]
    cfg = "\n".join(f"[{name}]\n" + "\n".join(rest) for name, *rest in map(str.split, lines))
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def outputs(network):
    return network.layer_outputs(torch.rand(2, 3, 4, 6))


@pytest.mark.parametrize(
    ("layers", "joined"),
    [("-1", [2]), ("0", [0]), ("-1,0", [2, 0]), ("0,-1", [0, 2]), ("-2,2,-3", [1, 2, 0])],
)
@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_it_joins_channels_in_the_order_given(layers, joined, dialect):
    network = build(*LAYERS, f"route layers={layers}", dialect=dialect)
    *before, out = outputs(network)
    torch.testing.assert_close(out, torch.cat([before[i] for i in joined], 1), rtol=0, atol=0)
    shape = network.layers[3].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]
    assert network.layers[3].sources == tuple(joined)


@pytest.mark.parametrize("group", [0, 1])
def test_groups_take_the_same_group_of_every_layer(group):
    network = build(*LAYERS, f"route layers=0,-1 groups=2 group_id={group}")
    *before, out = outputs(network)
    parts = [before[0][:, 2 * group : 2 * group + 2], before[2][:, group : group + 1]]
    torch.testing.assert_close(out, torch.cat(parts, 1), rtol=0, atol=0)
    assert network.layers[3].output_shape.channels == 3


def test_route_lhalf_takes_the_first_half_of_every_layer():
    network = build(*LAYERS, "route_lhalf layers=0,-1")
    *before, out = outputs(network)
    expected = torch.cat([before[0][:, :2], before[2][:, :1]], 1)
    torch.testing.assert_close(out, expected, rtol=0, atol=0)


def test_pjreddie_ignores_groups():
    with pytest.warns(CfgWarning, match="'groups' is an option of alexeyab/darknet"):
        network = build(*LAYERS, "route layers=0 groups=2", dialect="pjreddie")
    assert network.layers[3].output_shape.channels == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("layers=-4", "layers=-4 means layer -1, .*expected -3..-1 or 0..2; this is layer 3"),
        ("layers=3", "layers=3 means layer 3, which is not before it"),
        ("", "has no 'layers='"),
        ("layers=0 groups=3", "groups=3 does not divide the channels of layer 0.* 4 channels"),
        ("layers=0 groups=2 group_id=2", "group_id=2 is not one of its 2 groups.*expected 0..1"),
    ],
)
def test_a_route_to_layers_that_do_not_exist_or_fit_is_refused(options, message):
    with pytest.raises(CfgError, match=message):
        build(*LAYERS, f"route {options}")


def test_layers_of_different_sizes_are_refused_with_both_places():
    with pytest.raises(CfgError, match=r"expected 4x6, as layer 0, got 2x3 of layer 1.*<cfg>:7"):
        build("empty", "maxpool size=2 stride=2", "route layers=0,1")
