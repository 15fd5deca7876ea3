"""The network argument: what is no network is refused with what to do."""

from pathlib import Path

import pytest
import torch

from darknet_torch import CharacterModel, Classifier, Detector
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import UsageError
from darknet_torch.inference.prepare import prepare_network
from darknet_torch.model.network import build_network

TINY = "[net]\nwidth=2\nheight=2\nchannels=3\n[connected]\noutput=2\nactivation=linear"


@pytest.mark.parametrize("model", [Detector, Classifier, CharacterModel])
@pytest.mark.parametrize("path", ["yolov4-tiny.weights", Path("yolov4-tiny.weights")])
def test_a_path_is_refused_with_the_call_that_loads_it(model, path):
    with pytest.raises(UsageError) as caught:
        model(path)
    assert caught.value.what == "network is a path, not a network"
    assert caught.value.fix == "load it first: darknet_torch.load('yolov4-tiny.weights')"


@pytest.mark.parametrize("thing", [None, 5, torch.nn.Linear(2, 2), [1]])
def test_another_object_is_refused(thing):
    with pytest.raises(UsageError, match=r"^network is not a network: expected a darknet_torch"):
        prepare_network(thing)


def test_the_network_is_moved_and_put_into_evaluation_mode():
    network = build_network(parse_cfg(TINY)).train()
    assert prepare_network(network, "meta") is network
    assert {parameter.device.type for parameter in network.parameters()} == {"meta"}
    assert not network.training
