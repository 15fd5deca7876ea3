"""[cost] without a truth."""

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning
from darknet_torch.model.network import build_network

NET = "[net]\ninputs=3\n"


def test_without_a_truth_its_output_is_zero():
    network = build_network(parse_cfg(NET + "[cost]\ntype=sse"))
    (out,) = network(torch.rand(2, 3))
    assert out.shape == (2, 3, 1, 1)
    assert not out.any()


def test_it_is_not_the_networks_output_after_another_layer():
    network = build_network(parse_cfg(NET + "[softmax]\n[cost]"))
    (out,) = network(torch.rand(2, 3))
    torch.testing.assert_close(out.sum((1, 2, 3)), torch.ones(2))


def test_an_unknown_type_is_read_as_sse_with_a_warning():
    with pytest.warns(CfgWarning, match="does not know type 'ssf' and takes 'sse'.*'sse'?"):
        network = build_network(parse_cfg(NET + "[cost]\ntype=ssf"))
    assert network.layers[0].options.type == "sse"
