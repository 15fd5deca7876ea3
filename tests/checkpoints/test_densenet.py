"""Checkpoints of DenseNet, against a plain module with torchvision's keys, new and legacy."""

import re

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.checkpoints.backbone_modules import (
    assert_same,
    checkpoint,
    family_of,
    load,
    normalized,
    picture,
    randomized,
    shapes_of,
)

SIDE = 64
GROWTH = 32


class Layer(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * GROWTH)
        self.conv2 = nn.Conv2d(4 * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x):
        new = self.conv1(functional.relu(self.norm1(x)))
        new = self.conv2(functional.relu(self.norm2(new)))
        return torch.cat((x, new), 1)


class Transition(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x):
        return functional.avg_pool2d(self.conv(functional.relu(self.norm(x))), 2)


class DenseNet(nn.Module):
    def __init__(self, depths):
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, 64, 7, 2, 3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(64))
        self.features.add_module("relu0", nn.ReLU())
        self.features.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        channels = 64
        for number, depth in enumerate(depths, 1):
            block = nn.Sequential()
            for layer in range(1, depth + 1):
                block.add_module(f"denselayer{layer}", Layer(channels))
                channels += GROWTH
            self.features.add_module(f"denseblock{number}", block)
            if number < len(depths):
                self.features.add_module(f"transition{number}", Transition(channels))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, 1000)

    def forward(self, x):
        return self.classifier(functional.relu(self.features(x)).mean((2, 3)))


def legacy(state):
    """`state` with the names of torchvision's published files."""
    return {re.sub(r"(layer\d+\.(?:norm|conv))", r"\1.", key): one for key, one in state.items()}


@torch.inference_mode()
@pytest.mark.parametrize("rename", [dict, legacy])
def test_the_shipped_definition_gives_the_same_logits(rename):
    model = randomized(DenseNet((6, 12, 48, 32)))
    state, network = rename(checkpoint(model)), load("densenet201-torch", SIDE)
    family = family_of(state)
    assert family.default_cfg(state) == "densenet201-torch"
    assert family.fill(network, state, "model.pth") == len(network.layers)
    *_, logits, _ = network.layer_outputs(picture(SIDE))
    assert_same(logits, model(normalized(picture(SIDE))))


def test_legacy_names_differ():
    state = shapes_of(lambda: DenseNet((1, 1)))
    assert "features.denseblock1.denselayer1.norm.1.weight" in legacy(state)


def test_other_depths_are_recognised_and_have_no_definition():
    state = shapes_of(lambda: DenseNet((6, 12, 24, 16)))
    assert family_of(state).default_cfg(state) is None
