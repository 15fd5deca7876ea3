"""[empty] passes its input on."""

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network


@pytest.mark.parametrize("name", ["empty", "silence"])
def test_it_passes_its_input_on(name):
    network = build_network(parse_cfg(f"[net]\nchannels=2\nheight=3\nwidth=4\n[{name}]"))
    x = torch.rand(2, 2, 3, 4)
    torch.testing.assert_close(network(x)[0], x, rtol=0, atol=0)
    assert network.layers[0].output_shape == network.net.input_shape
    assert not list(network.slots())
