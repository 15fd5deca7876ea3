"""The layers of a backbone are matched with those of a network, on a ResNet of one block."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from darknet_torch.errors import WeightsError
from tests.checkpoints.backbone_modules import (
    BACKBONES,
    assert_same,
    checkpoint,
    family_of,
    load,
    picture,
    randomized,
)

SIDE = 32
CONVOLUTION = "[convolutional]\nbatch_normalize=1\npad=1\n"
STEM = CONVOLUTION + "filters=64\nsize=7\nstride=2\nactivation=relu\n[maxpool]\nsize=3\nstride=2\n"
FIRST = CONVOLUTION + "filters=8\nsize=3\nstride=2\nactivation=relu\n"
SECOND = CONVOLUTION + "filters=8\nsize=3\nactivation=linear\n"
PROJECTION = "[convolutional]\nbatch_normalize=1\nfilters=8\nstride=2\nactivation=linear\n"
ROUTE, ADD = "[route]\nlayers={}\n", "[shortcut]\nfrom={}\nactivation=relu\n"
AFTER = FIRST + SECOND + ROUTE.format(-3) + PROJECTION + ADD.format(-3)
BEFORE = PROJECTION + ROUTE.format(-2) + FIRST + SECOND + ADD.format(-4)
POOL = "[avgpool]\n"
MATRIX = "[connected]\noutput=5\nactivation=linear\n"
POINTWISE = "[convolutional]\nfilters=5\nactivation=linear\n"
DETECTOR = "[convolutional]\nfilters=6\nactivation=linear\n[yolo]\nclasses=1\nnum=1\nanchors=9,7\n"


class Projected(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(64, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8)
        self.downsample = nn.Sequential(nn.Conv2d(64, 8, 1, 2, bias=False), nn.BatchNorm2d(8))

    def forward(self, x):
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(out + self.downsample(x))


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Projected())
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.fc(self.layer1(x).mean((2, 3)))


@pytest.fixture
def model():
    return randomized(Tiny())


@pytest.fixture
def network_of(tmp_path):
    def make(*sections):
        cfg = tmp_path / "tiny.cfg"
        cfg.write_text(f"[net]\nwidth={SIDE}\nheight={SIDE}\nchannels=3\n{''.join(sections)}")
        return load(cfg)

    return make


def fill(network, state):
    return family_of(state).fill(network, state, "model.pth")


def refused(network, state):
    with pytest.raises(WeightsError) as caught:
        fill(network, state)
    return str(caught.value)


@torch.inference_mode()
@pytest.mark.parametrize("block", [AFTER, BEFORE], ids=["after", "before"])
@pytest.mark.parametrize("classifier", [MATRIX, POINTWISE], ids=["matrix", "pointwise"])
def test_the_projection_and_the_classifier_are_found(block, classifier, model, network_of):
    network = network_of(STEM, block, POOL, classifier)
    assert fill(network, checkpoint(model)) == len(network.layers)
    (logits,) = network(picture(SIDE))
    assert_same(
        logits, model(picture(SIDE))
    )  # without a [batchnorm] in front, the picture is not normalised


def test_the_layers_of_a_detector_after_the_features_are_not_changed(model, network_of):
    network = network_of(STEM, AFTER, DETECTOR)
    head = network.layers[-2]
    before = [slot.tensor.clone() for slot in head.weight_slots()]
    assert fill(network, checkpoint(model)) == head.index
    for slot, value in zip(head.weight_slots(), before, strict=True):
        torch.testing.assert_close(slot.tensor, value, rtol=0, atol=0)


def test_a_cfg_that_ends_after_the_features_needs_no_classifier(model, network_of):
    network = network_of(STEM, AFTER, POOL)
    assert fill(network, checkpoint(model)) == len(network.layers)


def test_another_number_of_filters_is_reported_with_layer_line_and_key(model, network_of):
    message = refused(network_of(STEM, AFTER.replace("=8", "=16"), POOL), checkpoint(model))
    assert "model.pth: layer1.0.conv1 does not fit layer 2 [convolutional] (" in message
    assert "tiny.cfg:15): expected" in message


def test_too_few_layers_are_reported_with_key_and_cfg(model, network_of):
    message = refused(network_of(STEM, FIRST, SECOND), checkpoint(model))
    assert message.startswith("model.pth: the network has no layer for layer1.0.downsample.0: ")
    assert "tiny.cfg:1 with 4 layers" in message


def test_a_missing_array_is_reported(model, network_of):
    state = checkpoint(model)
    del state["layer1.0.bn2.running_var"]
    message = refused(network_of(STEM, AFTER, POOL), state)
    assert message.startswith("model.pth: the BatchNorm layer1.0.bn2 is not complete: expected ")


def test_a_batchnorm_without_its_convolution_is_reported(model, network_of):
    state = checkpoint(model)
    del state["layer1.0.downsample.0.weight"]
    message = refused(network_of(STEM, AFTER, POOL), state)
    assert message.startswith("model.pth: has arrays that no ResNet of ")
    assert "got layer1.0.downsample.1.bias" in message


def test_an_array_of_another_model_is_reported_and_nothing_is_changed(model, network_of):
    network = network_of(STEM, AFTER, POOL)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = {**checkpoint(model), "layer1.0.se.fc1.weight": torch.ones(1)}
    message = refused(network, state)
    assert message.startswith("model.pth: has arrays that no ResNet of ")
    assert "got layer1.0.se.fc1.weight" in message
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


@pytest.mark.parametrize("keys", ["", "conv1.weight", "features.0.weight", "conv_stem.weight"])
@pytest.mark.parametrize("family", BACKBONES, ids=lambda family: family.name)
def test_another_checkpoint_is_not_recognised(family, keys):
    assert not family.recognises({key: torch.ones(64) for key in keys.split()})
