"""Folding batch normalisation into the weights before it leaves outputs as they are."""

import pytest
import torch

from darknet_torch.layers.batchnorm import Normalization
from tests.conversion.small_models import NET, pictures, trained_network

CONVOLUTION = "[convolutional]\nfilters=6\nsize=3\npad=1\nbatch_normalize=1\n"
BOTH = {
    "convolutional": f"{CONVOLUTION}activation=leaky\n",
    "convolutional in groups": f"{CONVOLUTION}\n{CONVOLUTION}groups=3\nactivation=linear\n",
    "convolutional flipped": f"{CONVOLUTION}flipped=1\nactivation=linear\n",
    "connected": "[connected]\noutput=5\nbatch_normalize=1\nactivation=linear\n",
    "xnor": f"{CONVOLUTION}xnor=1\nactivation=linear\n",
}
ALEXEYABS = {
    "shared": f"{CONVOLUTION}\n{CONVOLUTION}\n{CONVOLUTION}share_index=1\n",
    "xnor with binary output": f"{CONVOLUTION}xnor=1\nbin_output=1\nactivation=linear\n",
    "antialiased": f"{CONVOLUTION}stride=2\nantialiasing=1\nactivation=linear\n",
}
CASES = [
    pytest.param(dialect, cfg, id=f"{dialect} {name}")
    for dialect, kinds in (("alexeyab", BOTH | ALEXEYABS), ("pjreddie", BOTH))
    for name, cfg in kinds.items()
]


def outputs(network):
    with torch.inference_mode():
        return network(pictures(2, 3, 32, 32))[0]


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_the_output_stays(dialect, cfg):
    network = trained_network(NET + cfg, dialect)
    wanted = outputs(network)
    network.fold_normalization()
    # Float32: the folded weights are rounded once, in sums of up to 3072 products.
    torch.testing.assert_close(outputs(network), wanted, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_nothing_remains_to_normalise(dialect, cfg):
    network = trained_network(NET + cfg, dialect)
    assert any(isinstance(part, Normalization) for part in network.modules())
    network.fold_normalization()
    assert not any(isinstance(part, Normalization) for part in network.modules())


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_folding_twice_is_folding_once(dialect, cfg):
    network = trained_network(NET + cfg, dialect)
    network.fold_normalization()
    once = {key: value.clone() for key, value in network.state_dict().items()}
    network.fold_normalization()
    assert network.state_dict().keys() == once.keys()
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, once[key], rtol=0, atol=0)


def test_small_variances_are_folded_with_their_epsilon():
    network = trained_network(f"{NET}{CONVOLUTION}activation=linear\n")
    arrays = {slot.name: slot.tensor for _, slot in network.slots()}
    with torch.no_grad():
        arrays["rolling_variance"].copy_(torch.logspace(-9, -4, 6))
        arrays["scales"].copy_(torch.full((6,), 0.003))  # outputs near 1
    wanted = outputs(network)
    network.fold_normalization()
    torch.testing.assert_close(outputs(network), wanted, rtol=1e-5, atol=2e-5)  # as above


def test_a_lone_batchnorm_stays():
    network = trained_network(f"{NET}[batchnorm]\n{CONVOLUTION}activation=linear\n")
    wanted = outputs(network)
    network.fold_normalization()
    torch.testing.assert_close(outputs(network), wanted, rtol=1e-5, atol=2e-5)  # as above
    assert isinstance(network.layers[0].normalization, Normalization)
