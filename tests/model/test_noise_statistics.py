"""Rolling statistics of noise, and the noise itself."""

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.model.network import build_network
from darknet_torch.model.noise_statistics import noise, set_rolling_statistics

CONVOLUTION = "[convolutional]\nfilters=3\nsize=1\nbatch_normalize=1\nactivation=linear\n"


def build(net, layers=CONVOLUTION):
    torch.manual_seed(0)
    network = build_network(parse_cfg(f"[net]\n{net}\n{layers}"))
    network.initialize()
    return network


def test_a_normalised_map_of_the_same_noise_has_mean_0_and_variance_1():
    network = build("width=32\nheight=32\nchannels=3\n")
    images = noise(network, 2)
    (part,) = [part for part in network.modules() if isinstance(part, Normalization)]
    step = part.rolling_step
    set_rolling_statistics(network, images)
    assert not network.training
    assert part.rolling_step == step
    with torch.no_grad():
        (found,) = network(images)
    mean, variance = found.mean((0, 2, 3)), found.var((0, 2, 3), correction=0)
    # Darknet adds 1e-6 to the variance or to its root; the variances here are some hundredths.
    torch.testing.assert_close(mean, torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(variance, torch.ones(3), atol=1e-2, rtol=0)


def test_pictures_lie_in_0_to_1_and_follow_the_seed():
    network = build("width=32\nheight=32\nchannels=3\n")
    images = noise(network, 2)
    assert images.shape == (2, 3, 32, 32)
    assert 0 <= images.min() < images.max() < 1
    assert images.equal(noise(network, 2))
    assert not images.equal(noise(network, 2, seed=1))


@pytest.mark.parametrize("count", [1, 5])
def test_characters_are_rows_with_a_single_1(count):
    network = build("inputs=7\n", "[connected]\noutput=2\nactivation=linear\n")
    rows = noise(network, count)
    assert rows.shape == (count, 7, 1, 1)
    assert rows.sum((1, 2, 3)).tolist() == [1] * count
