"""[implicit]: values of the weight file, whatever the input."""

import struct

import numpy as np

from darknet_torch.model.weights import read_weights
from tests.layers.several import CLOSE, build, last_with_inputs, picture


def test_its_values_are_those_of_the_file_whatever_the_input(tmp_path):
    network = build("implicit filters=3 atoms=2")
    values = np.arange(6, dtype="<f4") - 2.5
    (tmp_path / "a.weights").write_bytes(struct.pack("<3iQ", 0, 2, 5, 0) + values.tobytes())
    assert read_weights(network, tmp_path / "a.weights").complete
    (out,) = network(picture())
    assert out.shape == (2, 3, 2, 1)
    for n, f, a in np.ndindex(2, 3, 2):
        assert out[n, f, a, 0] == values[f * 2 + a]


def test_its_values_start_around_their_mean():
    network = build("implicit filters=500 mean=3 std=.25")
    (weights,) = (slot.tensor.detach() for slot in network.layers[0].weight_slots())
    assert weights.shape == (500, 1)
    assert 2.75 <= weights.min() < 2.8
    assert 3.2 < weights.max() <= 3.25


def test_its_values_scale_the_channels_of_another_layer():
    network = build("empty", "implicit filters=3", "scale_channels from=0")
    out, factors, scaled = last_with_inputs(network)
    assert factors.shape == (2, 3, 1, 1)
    np.testing.assert_allclose(out, scaled * factors, **CLOSE)
