"""[batchnorm] in both dialects, and its arrays in the file."""

import struct

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # one float32 product and sum of values near 1


def build(dialect, section="[batchnorm]"):
    cfg = f"[net]\nchannels=3\nheight=2\nwidth=4\n{section}"
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def fill(network):
    generator = torch.Generator().manual_seed(3)
    for _, slot in network.slots():
        slot.tensor.data.uniform_(0.5, 1.5, generator=generator)
    return {slot.name: slot.tensor.detach().double().numpy() for _, slot in network.slots()}


def picture():
    return torch.randn(2, 3, 2, 4, generator=torch.Generator().manual_seed(5))


def test_alexeyab_adds_1e_5_inside_the_root_and_the_biases():
    network = build("alexeyab")
    given, x = fill(network), picture().double().numpy()
    expected = np.empty_like(x)
    for n, c, i, j in np.ndindex(*x.shape):
        centred = x[n, c, i, j] - given["rolling_mean"][c]
        normal = centred / np.sqrt(given["rolling_variance"][c] + 1e-5)
        expected[n, c, i, j] = normal * given["scales"][c] + given["biases"][c]
    np.testing.assert_allclose(network(picture())[0].detach(), expected, **CLOSE)


def test_pjreddie_adds_1e_6_after_the_root_and_no_biases():
    network = build("pjreddie")
    given, x = fill(network), picture().double().numpy()
    expected = np.empty_like(x)
    for n, c, i, j in np.ndindex(*x.shape):
        centred = x[n, c, i, j] - given["rolling_mean"][c]
        normal = centred / (np.sqrt(given["rolling_variance"][c]) + 1e-6)
        expected[n, c, i, j] = normal * given["scales"][c]
    np.testing.assert_allclose(network(picture())[0].detach(), expected, **CLOSE)


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        ("alexeyab", ["biases", "scales", "rolling_mean", "rolling_variance"]),
        ("pjreddie", ["scales", "rolling_mean", "rolling_variance"]),
    ],
)
def test_only_alexeyab_keeps_biases_in_the_file(dialect, names, tmp_path):
    network = build(dialect)
    assert [slot.name for _, slot in network.slots()] == names
    values = np.arange(1, 1 + 3 * len(names), dtype="<f4").reshape(-1, 3)
    path = tmp_path / "batchnorm.weights"
    path.write_bytes(struct.pack("<3iQ", 0, 2, 0, 0) + values.tobytes())
    read_weights(network, path)
    for (_, slot), row in zip(network.slots(), values, strict=True):
        np.testing.assert_array_equal(slot.tensor.detach(), row)


def test_dontloadscales_does_not_apply_to_its_arrays():
    network = build("alexeyab", "[batchnorm]\ndontloadscales=1")
    assert not any(slot.normalization for _, slot in network.slots())


def test_pjreddies_biases_are_zero():
    assert not build("pjreddie").layers[0].biases.any()


@pytest.mark.parametrize(
    ("dialect", "section", "step"),
    [
        ("alexeyab", "[batchnorm]", 0.1),
        ("alexeyab-cuda", "[batchnorm]", 0.01),
        ("pjreddie", "[batchnorm]", 0.01),
        ("alexeyab", "[convolutional]\nbatch_normalize=1\nfilters=3", 0.1),
        ("alexeyab", "[connected]\nbatch_normalize=1\noutput=3", 0.05),
        ("alexeyab-cuda", "[connected]\nbatch_normalize=1\noutput=3", 0.01),
        ("pjreddie", "[connected]\nbatch_normalize=1\noutput=3", 0.01),
    ],
)
def test_training_moves_the_rolling_mean_by_the_dialects_step(dialect, section, step):
    network = build(dialect, section).train()
    given = fill(network)
    layer = network.layers[0]
    seen = []
    inner = next(m for name, m in layer.named_modules() if name.endswith("normalization"))
    inner.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    network(picture())
    values = seen[0].double().transpose(0, 1).flatten(1).numpy()
    mean, variance = values.mean(1), values.var(1, ddof=1)
    after = {slot.name: slot.tensor.detach().numpy() for _, slot in network.slots()}
    for name, new in (("rolling_mean", mean), ("rolling_variance", variance)):
        expected = (1 - step) * given[name] + step * new
        np.testing.assert_allclose(after[name], expected, **CLOSE)


def test_evaluation_does_not_change_the_rolling_values():
    network = build("alexeyab")
    before = fill(network)
    network(picture())
    for _, slot in network.slots():
        np.testing.assert_array_equal(slot.tensor.detach(), before[slot.name])


def test_one_value_per_channel_leaves_no_nan_in_the_cuda_builds_statistics():
    """PyTorch's kernels divide by N - 1 = 0 for the rolling variance, and so does cuDNN."""
    text = "[net]\nwidth=1\nheight=1\nchannels=4\n[batchnorm]"
    dialect = find_dialect("alexeyab-cuda")
    layer = build_network(parse_cfg(text), dialect=dialect).train().layers[0]
    before = layer.normalization.rolling_variance.clone()
    layer(torch.ones(1, 4, 1, 1))
    torch.testing.assert_close(layer.normalization.rolling_variance, before, rtol=0, atol=0)
