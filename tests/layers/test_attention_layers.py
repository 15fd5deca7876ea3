"""[scale_channels], [sam] and [implicit] against plain loops."""

import struct

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights

CLOSE = {"rtol": 1e-6, "atol": 1e-6}  # one product in float32, and a logistic function
CHANNEL_FACTORS = ("empty", "avgpool")  # layers of 3x4x5 and 3x1x1
POSITION_FACTORS = ("empty", "convolutional filters=1")  # layers of 3x4x5 and 1x4x5


def build(*sections, dialect="alexeyab"):
    """A network of sections written as "name key=value ...", on pictures of 3x4x5."""
    lines = ["net channels=3 height=4 width=5", *sections]
    cfg = "\n".join(f"[{name}]\n" + "\n".join(rest) for name, *rest in map(str.split, lines))
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def picture():
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(5))


def last_with_inputs(network):
    """What the last layer read and made of a batch, as arrays."""
    outputs = [out.detach().double().numpy() for out in network.layer_outputs(picture())]
    return outputs[-1], *(outputs[source] for source in network.layers[-1].sources)


@pytest.mark.parametrize("source", ["0", "-2"])
def test_channels_are_scaled_by_a_factor_each(source):
    network = build(*CHANNEL_FACTORS, f"scale_channels from={source}")
    out, factors, scaled = last_with_inputs(network)
    expected = np.zeros((2, 3, 4, 5))
    for n, c, i, j in np.ndindex(*expected.shape):
        expected[n, c, i, j] = scaled[n, c, i, j] * factors[n, c, 0, 0]
    np.testing.assert_allclose(out, expected, **CLOSE)


@pytest.mark.parametrize("source", ["0", "-2"])
def test_positions_are_scaled_by_a_factor_each(source):
    network = build(*POSITION_FACTORS, f"scale_channels from={source} scale_wh=1")
    out, factors, scaled = last_with_inputs(network)
    expected = np.zeros((2, 3, 4, 5))
    for n, c, i, j in np.ndindex(*expected.shape):
        expected[n, c, i, j] = scaled[n, c, i, j] * factors[n, 0, i, j]
    np.testing.assert_allclose(out, expected, **CLOSE)


@pytest.mark.parametrize("source", ["0", "-2"])
def test_sam_multiplies_value_by_value(source):
    network = build("empty", "convolutional filters=3", f"sam from={source}")
    out, mine, other = last_with_inputs(network)
    expected = np.zeros((2, 3, 4, 5))
    for at in np.ndindex(*expected.shape):
        expected[at] = mine[at] * other[at]
    np.testing.assert_allclose(out, expected, **CLOSE)


@pytest.mark.parametrize(
    "sections",
    [
        (*CHANNEL_FACTORS, "scale_channels from=0"),
        (*POSITION_FACTORS, "scale_channels from=0 scale_wh=1"),
        ("empty", "empty", "sam from=0"),
    ],
    ids=["channels", "positions", "sam"],
)
def test_the_activation_comes_last(sections):
    *before, last = sections
    network = build(*before, f"{last} activation=logistic")
    out, mine, other = last_with_inputs(network)
    np.testing.assert_allclose(out, 1 / (1 + np.exp(-mine * other)), **CLOSE)


@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
@pytest.mark.parametrize("name", ["scale_channels", "sam"])
def test_darknets_code_of_these_layers_has_no_mish(name, dialect):
    before = CHANNEL_FACTORS if name == "scale_channels" else ("empty", "empty")
    with pytest.warns(CfgWarning, match=rf"no mish in \[{name}\]"):
        network = build(*before, f"{name} from=0 activation=mish", dialect=dialect)
    assert not last_with_inputs(network)[0].any()


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            ("empty", "convolutional filters=2", "avgpool", "scale_channels from=0"),
            r"<cfg>:11: \[scale_channels\] cannot scale layer 0 by the layer before it: "
            r"expected 3x1x1 factors, got 2x1x1",
        ),
        (
            ("empty", "empty", "scale_channels from=0"),
            r"cannot scale layer 0 .*expected 3x1x1 factors, got 3x4x5",
        ),
        (
            ("empty", "convolutional filters=2", "scale_channels from=0 scale_wh=1"),
            r"cannot scale layer 0 .*expected 1x4x5 factors, got 2x4x5",
        ),
        (
            ("empty", "convolutional size=2", "scale_channels from=0 scale_wh=1"),
            r"cannot scale layer 0 .*expected 1x4x5 factors, got 1x3x4",
        ),
        (("avgpool", "scale_channels"), r"\[scale_channels\] has no 'from='"),
        (("avgpool", "scale_channels from=1"), r"from=1 means layer 1, which is not before it"),
        (
            ("empty", "avgpool", "sam from=0"),
            r"<cfg>:9: \[sam\] cannot multiply layer 0 by the layer before it: "
            r"expected 3x4x5.*, got 3x1x1",
        ),
        (("empty", "sam"), r"\[sam\] has no 'from='"),
        (("empty", "sam from=-3"), r"\[sam\] from=-3 means layer -2, which is not before it"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(sections, message):
    with pytest.raises(CfgError, match=message):
        build(*sections)


def test_implicit_values_are_those_of_the_file_whatever_the_input(tmp_path):
    network = build("implicit filters=3 atoms=2")
    values = np.arange(6, dtype="<f4") - 2.5
    (tmp_path / "a.weights").write_bytes(struct.pack("<3iQ", 0, 2, 5, 0) + values.tobytes())
    assert read_weights(network, tmp_path / "a.weights").complete
    (out,) = network(picture())
    assert out.shape == (2, 3, 2, 1)
    for n, f, a in np.ndindex(2, 3, 2):
        assert out[n, f, a, 0] == values[f * 2 + a]


def test_implicit_values_start_around_their_mean():
    network = build("implicit filters=500 mean=3 std=.25")
    (weights,) = (slot.tensor.detach() for slot in network.layers[0].weight_slots())
    assert weights.shape == (500, 1)
    assert 2.75 <= weights.min() < 2.8
    assert 3.2 < weights.max() <= 3.25


def test_implicit_values_scale_the_channels_of_another_layer():
    network = build("empty", "implicit filters=3", "scale_channels from=0")
    out, factors, scaled = last_with_inputs(network)
    assert factors.shape == (2, 3, 1, 1)
    np.testing.assert_allclose(out, scaled * factors, **CLOSE)
