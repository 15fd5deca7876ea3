"""[avgpool] against its definition."""

import numpy as np
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network


def test_it_is_the_mean_of_each_channel():
    network = build_network(parse_cfg("[net]\nchannels=3\nheight=4\nwidth=5\n[avgpool]"))
    x = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    expected = [[sum(plane.flat) / 20 for plane in image] for image in x.double().numpy()]
    (out,) = network(x)
    assert out.shape == (2, 3, 1, 1)
    np.testing.assert_allclose(out[..., 0, 0], expected, atol=1e-6)  # sums of 20 float32
    assert str(network.layers[0].output_shape).startswith("3x1x1")
