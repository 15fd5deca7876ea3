"""[connected] against plain sums, and its arrays in the file."""

import math
import struct

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights, write_weights

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32 sums of 12 products near 1


def build(options="", dialect="alexeyab", before=""):
    cfg = "[net]\nchannels=2\nheight=2\nwidth=3\n" + before
    cfg += "\n".join(["[connected]", "output=4", *options.split()])
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def fill(network):
    generator = torch.Generator().manual_seed(3)
    for _, slot in network.slots():
        low = 0.5 if slot.name == "rolling_variance" else -1.0
        slot.tensor.data.uniform_(low, 1.5, generator=generator)
    return {slot.name: slot.tensor.detach().double().numpy() for _, slot in network.slots()}


def picture():
    return torch.randn(3, 2, 2, 3, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("normalize", [False, True])
def test_every_output_is_a_sum_over_every_input_in_memory_order(dialect, normalize):
    network = build(f"activation=linear batch_normalize={int(normalize)}", dialect)
    given, x = fill(network), picture().double().numpy()
    expected = np.zeros((3, 4, 1, 1))
    for n, f in np.ndindex(3, 4):
        value = sum(given["weights"][f, at] * entry for at, entry in enumerate(x[n].reshape(-1)))
        if normalize:
            variance = given["rolling_variance"][f]
            inside = dialect == "alexeyab"
            root = math.sqrt(variance + 1e-5) if inside else math.sqrt(variance) + 1e-6
            value = (value - given["rolling_mean"][f]) / root * given["scales"][f]
        expected[n, f] = value + given["biases"][f]
    np.testing.assert_allclose(network(picture())[0].detach(), expected, **CLOSE)


def test_its_activation_is_logistic_unless_given():
    plain, linear = build(), build("activation=linear")
    fill(plain)
    fill(linear)
    torch.testing.assert_close(plain(picture())[0], linear(picture())[0].sigmoid())


def test_it_takes_another_layers_output():
    network = build(before="[maxpool]\nsize=2\n")
    assert network.layers[1].connection.weights.shape == (4, 2 * 2 * 3)
    assert network(picture())[0].shape == (3, 4, 1, 1)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_its_normalisation_comes_after_its_weights_in_the_file(dialect):
    bare, normalised = build(dialect=dialect), build("batch_normalize=1", dialect)
    assert [slot.name for _, slot in bare.slots()] == ["biases", "weights"]
    assert [slot.name for _, slot in normalised.slots()] == [
        "biases",
        "weights",
        "scales",
        "rolling_mean",
        "rolling_variance",
    ]


@pytest.mark.parametrize("marked", [False, True])
def test_a_file_with_the_transpose_mark_holds_the_weights_transposed(marked, tmp_path):
    network = build()
    values = np.arange(4 + 4 * 12, dtype="<f4")
    path = tmp_path / "connected.weights"
    header = struct.pack("<3iQ", 1001 if marked else 0, 2, 0, 7)
    path.write_bytes(header + values.tobytes())
    read_weights(network, path)
    weights = network.layers[0].connection.weights.detach().numpy()
    stored = values[4:]
    expected = stored.reshape(12, 4).T if marked else stored.reshape(4, 12)
    np.testing.assert_array_equal(weights, expected)
    write_weights(network, tmp_path / "again.weights")
    assert (tmp_path / "again.weights").read_bytes() == path.read_bytes()


def test_darknet_starts_with_zero_biases_and_bounded_weights():
    given = {slot.name: slot.tensor.detach() for _, slot in build("batch_normalize=1").slots()}
    assert not given["biases"].any()
    assert not given["rolling_mean"].any()
    assert not given["rolling_variance"].any()
    assert (given["scales"] == 1).all()
    bound = math.sqrt(2 / 12)
    assert 0.5 * bound < given["weights"].abs().max() <= bound * 1.000001  # in float32
