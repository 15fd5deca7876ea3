"""Checkpoints with the layer's index in their keys, against modules with those keys."""

import pytest
import torch
from torch import nn

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.checkpoints.registry import find_layout
from darknet_torch.checkpoints.unwrap import find_state
from darknet_torch.errors import WeightsError
from tests.checkpoints.port_modules import (
    CFG,
    PORTS,
    Port,
    WeightedPort,
    built,
    head_inputs,
    pictures,
)

# Seven convolutions in float32; the rolling variances were rounded once more on the way.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
WEIGHTED = CFG.replace("from=-3", "from=-3\nweights_type=per_feature")


def state_of(module):
    return find_state(module.state_dict(), "small.pt")


def fill(network, state):
    return find_layout(state, "small.pt").fill(network, state, "small.pt")


def arrays(network):
    return [slot.tensor.clone() for _, slot in network.slots()]


def all_equal(before, after):
    pairs = zip(before, after, strict=True)
    return all(torch.equal(one.nan_to_num(), other.nan_to_num()) for one, other in pairs)


def error_message(network, state):
    before = arrays(network)
    with pytest.raises(WeightsError) as caught:
        fill(network, state)
    assert all_equal(before, arrays(network))
    return str(caught.value)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("port", PORTS)
def test_outputs_equal_the_ports(port, dialect):
    module, network = Port(PORTS[port]), built(dialect=find_dialect(dialect))
    state = state_of(module)
    layout = find_layout(state, "small.pt")
    assert port in layout.name
    assert layout.default_cfg(state) is None
    assert layout.fill(network, state, "small.pt") == 14
    with torch.no_grad():
        expected = module(pictures())
    for got, want in zip(head_inputs(network, pictures()), expected, strict=True):
        torch.testing.assert_close(got, want, **CLOSE)


def test_a_bias_in_addition_to_a_batchnorm_is_used():
    module, network = Port(PORTS["ultralytics"], biased=True), built()
    fill(network, state_of(module))
    with torch.no_grad():
        expected = module(pictures())
    for got, want in zip(head_inputs(network, pictures()), expected, strict=True):
        torch.testing.assert_close(got, want, **CLOSE)


@pytest.mark.parametrize("kind", ["per_feature", "per_channel"])
def test_shortcut_weights_are_read(kind):
    module = WeightedPort(PORTS["ultralytics"])
    with pytest.warns(UserWarning, match="the weights are taken as they are"):
        network = built(WEIGHTED.replace("per_feature", kind))
    assert fill(network, state_of(module)) == 14
    with torch.no_grad():
        expected = module(pictures())
    for got, want in zip(head_inputs(network, pictures()), expected, strict=True):
        torch.testing.assert_close(got, want, **CLOSE)


def test_weights_for_a_shortcut_that_normalises_its_own_are_refused():
    network = built(WEIGHTED.replace("per_feature", "per_feature\nweights_normalization=relu"))
    assert error_message(network, state_of(WeightedPort(PORTS["ultralytics"]))) == (
        "small.pt: module_list.4.w holds weights that are not normalised, but layer 4 [shortcut] "
        "(small.cfg:24) normalises its weights: expected no weights_normalization=, got relu; "
        "remove it from the cfg; AlexeyAB/darknet itself then refuses the cfg"
    )


def test_missing_shortcut_weights_are_reported():
    with pytest.warns(UserWarning, match="the weights are taken as they are"):
        network = built(WEIGHTED)
    assert error_message(network, state_of(Port(PORTS["darknet2pytorch"]))) == (
        "small.pt: has no arrays for layer 4 [shortcut] (small.cfg:24): got no such key; "
        "use the cfg that the checkpoint was trained with"
    )


def test_connected_layers_are_read():
    cfg = """[net]
channels=3
height=4
width=4
[convolutional]
filters=6
activation=linear
[avgpool]
[connected]
output=5
activation=leaky
[connected]
output=2
activation=linear
"""
    first = nn.Sequential(nn.Linear(6, 5), nn.LeakyReLU(0.1))
    layers = nn.ModuleList([nn.Sequential(), nn.Sequential(), first, nn.Linear(5, 2)])
    layers[0].add_module("conv1", nn.Conv2d(3, 6, 1))
    network, images = built(cfg), pictures(4)
    state = {f"models.{key}": value for key, value in layers.state_dict().items()}
    assert fill(network, state) == 4
    with torch.no_grad():
        expected = layers[3](first(layers[0](images).mean((2, 3))))
        torch.testing.assert_close(network(images)[0].flatten(1), expected, **CLOSE)


@pytest.mark.parametrize(("last", "covered"), [(5, 6), (6, 9), (9, 12)])
def test_a_partial_checkpoint_covers_the_first_layers(last, covered):
    network, state = built(), state_of(Port(PORTS["ayooshkathuria"]))
    part = {key: value for key, value in state.items() if int(key.split(".")[1]) <= last}
    untouched = [slot.tensor.clone() for slot in network.layers[12].weight_slots()]
    assert fill(network, part) == covered
    after = [slot.tensor for slot in network.layers[12].weight_slots()]
    assert all_equal(untouched, after)


def test_a_missing_layer_is_reported():
    state = state_of(Port(PORTS["ultralytics"]))
    part = {key: value for key, value in state.items() if ".3." not in key}
    assert error_message(built(), part) == (
        "small.pt: has no arrays for layer 3 [convolutional] (small.cfg:18): "
        "expected module_list.3.Conv2d.weight, got no such key; "
        "use the cfg that the checkpoint was trained with"
    )


def test_a_checkpoint_with_nothing_for_this_network_is_refused():
    state = {"module_list.99.Conv2d.weight": torch.zeros(1, 1, 1, 1)}
    assert error_message(built(), state) == (
        "small.pt: has no arrays for layer 0 [convolutional] (small.cfg:5): "
        "expected module_list.0.Conv2d.weight, got no such key; "
        "use the cfg that the checkpoint was trained with"
    )


def test_a_missing_array_is_reported():
    state = state_of(Port(PORTS["ultralytics"]))
    del state["module_list.3.BatchNorm2d.running_var"]
    assert error_message(built(), state) == (
        "small.pt: the BatchNorm module_list.3.BatchNorm2d is not complete: "
        "expected weight, bias, running_mean, running_var, got weight, bias, running_mean"
    )


def test_another_number_of_classes_is_reported():
    network = built(CFG.replace("classes=2", "classes=3").replace("filters=14", "filters=16"))
    assert error_message(network, state_of(Port(PORTS["darknet2pytorch"]))) == (
        "small.pt: models.6.conv5 does not fit layer 6 [convolutional] (small.cfg:34): "
        "expected biases [16], weights [16, 16, 1, 1], "
        "got weights [14, 16, 1, 1], biases [14]; "
        "use the cfg that the checkpoint was trained with"
    )


def test_an_unused_key_is_reported():
    state = state_of(Port(PORTS["ultralytics"]))
    state["module_list.14.Conv2d.weight"] = torch.zeros(1, 1, 1, 1)
    assert error_message(built(), state) == (
        "small.pt: has arrays that no layer of small.cfg uses: "
        "got module_list.14.Conv2d.weight; use the cfg that the checkpoint was trained with"
    )


def test_different_anchors_are_reported():
    network = built(CFG.replace("8,9, 10,12", "8,9, 10,13"))
    assert error_message(network, state_of(Port(PORTS["eriklindernoren"]))) == (
        "small.pt: its anchors are not those of layer 7 [yolo] (small.cfg:37): "
        "expected [[8.0, 9.0], [10.0, 13.0]], got [[8.0, 9.0], [10.0, 12.0]]; "
        "correct anchors= and mask= in the cfg"
    )
