"""Networks prepared for inference: steps that are left out, maps that are written over."""

import pytest
import torch

from darknet_torch.errors import UsageError
from darknet_torch.heads.yolo import Yolo
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.layers.convolutional import Convolutional
from tests.conversion.small_models import NET, pictures, trained_network

CONVOLUTION = "[convolutional]\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
LINEAR = "[convolutional]\nfilters=8\nactivation=linear\n"
HEAD = "[convolutional]\nfilters=7\nactivation=linear\n[yolo]\nclasses=2\nanchors=8,8\n"
ADD = "[shortcut]\nfrom=-2\nactivation=linear\n"
NETWORKS = {
    "a sum over the layer before it": CONVOLUTION + CONVOLUTION + ADD,
    "a sum, and the layer before it is read again": CONVOLUTION + CONVOLUTION + ADD
    + "[route]\nlayers=-2,-1\n",
    "a sum, and both are read again": CONVOLUTION + CONVOLUTION + ADD
    + "[route]\nlayers=0,1,2\n",
    "a sum after a dropout": CONVOLUTION + LINEAR + "[dropout]\n[shortcut]\nfrom=-3\n",
    "a dropout, whose source is read again": CONVOLUTION + LINEAR
    + "[dropout]\n[shortcut]\nfrom=-3\nactivation=leaky\n[route]\nlayers=1,-1\n",
    "a sum over a route of one layer": CONVOLUTION + CONVOLUTION
    + "[route]\nlayers=0\n[shortcut]\nfrom=-2\n[route]\nlayers=-1,0\n",
    "a layer added to itself": CONVOLUTION + "[shortcut]\nfrom=-1\n",
    "a sum over a group of channels": CONVOLUTION
    + "[route]\nlayers=0\ngroups=2\ngroup_id=1\n[shortcut]\nfrom=-1\n[route]\nlayers=-1,0\n",
    "a sum of three": CONVOLUTION + LINEAR + LINEAR + "[shortcut]\nfrom=-2,-3\n",
    "a sum of layers of other depths": CONVOLUTION
    + "[convolutional]\nfilters=4\n[shortcut]\nfrom=-2\n[convolutional]\nfilters=9\n"
    + "[shortcut]\nfrom=-2\n",
    "the output of a dropout": CONVOLUTION + "[dropout]\n",
    "arrays of another layer": CONVOLUTION + CONVOLUTION
    + CONVOLUTION.replace("batch_normalize", "share_index=-1\nbatch_normalize")
    + CONVOLUTION.replace("batch_normalize", "share_index=-1\nbatch_normalize"),
    "two heads": CONVOLUTION + HEAD + "[route]\nlayers=0\n" + HEAD + "[route]\nlayers=0\n" + HEAD,
    "a head that another layer reads": CONVOLUTION + HEAD + LINEAR + HEAD,
    "a layer that no other reads": CONVOLUTION + LINEAR + "[route]\nlayers=0\n" + LINEAR,
    "antialiasing": CONVOLUTION + CONVOLUTION.replace("size", "stride=2\nantialiasing=1\nsize"),
    "a state": "[crnn]\nhidden=3\noutput=8\nsize=3\npad=1\n" + LINEAR,
    "a sum with the input": "[empty]\n[convolutional]\nfilters=3\nactivation=mish\n"
    "[shortcut]\nfrom=0\n[route]\nlayers=0,-1\n",
}  # fmt: skip


@pytest.mark.parametrize("cfg", NETWORKS.values(), ids=NETWORKS.keys())
@pytest.mark.parametrize("raw", [False, True])
def test_it_computes_what_the_network_does(cfg, raw, monkeypatch):
    monkeypatch.setattr(Yolo, "decodes_input", raw)
    network, images = trained_network(NET + cfg), pictures(2, 3, 32, 32)
    name = "forward_for_decoding" if raw else "__call__"
    with torch.no_grad():
        expected = getattr(network, name)(images)
    network.reset_state()
    given = images.clone()
    optimized = network.optimize()
    for _ in range(1 if network.layers[0].has_state else 2):
        # Some sums of 72 products near 1.
        torch.testing.assert_close(getattr(optimized, name)(given), expected, rtol=0, atol=2e-5)
    assert torch.equal(given, images)


def test_a_map_is_freed_after_its_last_reader():
    optimized = trained_network(NET + 3 * CONVOLUTION + ADD + LINEAR).optimize()
    assert [step.done for step in optimized._program] == [(-1,), (0,), (), (1, 2), (3,)]


def test_what_no_output_needs_is_not_computed():
    optimized = trained_network(NET + NETWORKS["a layer that no other reads"]).optimize()
    assert [step.index for step in optimized._program] == [0, 3]


def test_changes_in_place_are_noticed():
    network = trained_network(NET + CONVOLUTION)
    optimized = network.optimize()
    assert optimized.is_current
    with torch.no_grad():
        network.layers[0].convolution.normalization.rolling_mean.add_(1)
    assert not optimized.is_current


def test_it_works_on_networks_made_in_inference_mode():
    with torch.inference_mode():
        optimized = trained_network(NET + CONVOLUTION).optimize()
    assert optimized.is_current
    assert optimized(pictures(1, 3, 32, 32))[0].shape == (1, 8, 32, 32)


@pytest.mark.parametrize("name", ["arrays of another layer", "a sum", "two heads", "antialiasing"])
def test_weights_that_have_copies_can_be_freed(name):
    cfg = NET + NETWORKS.get(name, NETWORKS["a sum over the layer before it"])
    expected = trained_network(cfg).optimize()(pictures(1, 3, 32, 32))
    network = trained_network(cfg)
    optimized = network.optimize(keep_weights=False)
    assert network.layers[0].convolution.weights.is_meta
    torch.testing.assert_close(optimized(pictures(1, 3, 32, 32)), expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    "use",
    [
        lambda network: network(pictures(1, 3, 32, 32)),
        lambda network: network.layer_outputs(pictures(1, 3, 32, 32)),
        lambda network: network.optimize(),
        lambda network: list(network.saved_slots()),
        lambda network: TorchBackend(network),
    ],
    ids=["forward", "layer_outputs", "optimize", "save", "backend"],
)
def test_a_network_whose_weights_were_freed_says_so(use):
    network = trained_network(NET + CONVOLUTION)
    network.optimize(keep_weights=False)
    with pytest.raises(UsageError, match="weights were freed") as raised:
        use(network)
    assert "load it again" in str(raised.value)


def test_no_gradients_are_recorded():
    (found,) = trained_network(NET + CONVOLUTION).optimize()(pictures(1, 3, 32, 32))
    assert found.is_inference()


def test_a_subclass_with_a_forward_of_its_own_is_asked():
    class Doubled(Convolutional):
        def forward(self, x):
            return 2 * super().forward(x)

    network, images = trained_network(NET + CONVOLUTION), pictures(1, 3, 32, 32)
    with torch.no_grad():
        expected = 2 * network(images)[0]
    network.layers[0].__class__ = Doubled
    torch.testing.assert_close(network.optimize()(images)[0], expected, rtol=0, atol=2e-5)
