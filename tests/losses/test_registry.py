"""The layers that have a loss, and losses of registered layers."""

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import UsageError
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.base import Layer
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.classifier import softmax_loss
from darknet_torch.losses.registry import LOSSES, has_cost, loss_function_for, register_loss
from darknet_torch.model.network import build_network
from darknet_torch.model.registry import LAYER_TYPES, register_layer, unregister_layer
from darknet_torch.training.forward import ForwardPass
from tests.losses.cases import build


class Target(Layer):
    """A layer whose loss pulls its input to the truth."""

    section_names = ("target",)
    example_cfg = "[target]\n"

    def forward(self, x):
        return x


@pytest.fixture
def target_loss():
    """The loss of `Target`, both registered during the test."""
    register_layer(Target)

    @register_loss(Target)
    def target_loss(layer, x, output, truths, context):
        delta = truths.reshape(x.shape) - output
        return Loss(delta, delta.square().sum())

    yield target_loss
    del LOSSES[Target]
    unregister_layer(Target)


def test_a_registered_loss_sends_its_delta_to_the_layers_before(target_loss):
    cfg = "[net]\nwidth=1\nheight=1\nchannels=2\n[convolutional]\nfilters=2\nactivation=linear\n"
    network = build_network(parse_cfg(f"{cfg}[target]\n")).train()
    assert loss_function_for(network.layers[1]) is target_loss
    assert has_cost(network.layers[1])
    images, truths = torch.ones(1, 2, 1, 1), torch.tensor([[3.0, -1.0]])
    context = LossContext(network.net, network.dialect, 1, 1, seen=1)
    ForwardPass(network)(images, truths, context).root.backward()
    delta = truths.flatten() - network(images)[0].flatten()
    biases = network.layers[0].convolution.biases
    torch.testing.assert_close(biases.grad, -delta.detach())


def test_a_second_loss_function_for_a_layer_is_refused(target_loss):
    with pytest.raises(UsageError, match="Target has a loss already: expected a layer class"):
        register_loss(Target)
    with pytest.raises(UsageError, match=r"Yolo has a loss already.*got yolo_loss; derive a"):
        register_loss(Yolo)


@pytest.mark.parametrize(
    ("section", "function", "counts"),
    [
        ("[softmax]", softmax_loss, True),
        ("[softmax]\nnoloss=1", None, True),
        ("[dropout]", None, False),
    ],
)
def test_a_layer_with_noloss_has_no_loss_but_counts(section, function, counts):
    layer = build(section, 3)
    assert loss_function_for(layer) is function
    assert has_cost(layer) is counts


def test_every_layer_with_a_loss_is_a_layer_type():
    assert set(LOSSES) <= set(LAYER_TYPES)
