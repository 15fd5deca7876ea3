"""Checkpoints of VGG, against plain modules with torchvision's and timm's keys."""

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

POOL = 0
TINY = (64, POOL, 8, 8, POOL)
VGG16 = (64, 64, POOL, 128, 128, POOL, *(256,) * 3, POOL, *(512,) * 3, POOL, *(512,) * 3, POOL)
TINY_SIDE, TINY_HIDDEN, TINY_CLASSES = 12, 20, 10
TINY_CFG = """[net]
width=12
height=12
channels=3
[batchnorm]
{0}
filters=64
[maxpool]
size=2
stride=2
{0}
filters=8
{0}
filters=8
[maxpool]
size=2
stride=2
[connected]
output=20
activation=relu
[dropout]
[connected]
output=20
activation=relu
[connected]
output=10
activation=linear
[softmax]
"""
CONVOLUTION = "[convolutional]\nsize=3\npad=1\nactivation=relu"


class Vgg(nn.Module):
    def __init__(self, shape, side, hidden, classes, *, normalize=False):
        super().__init__()
        self.features, channels = nn.Sequential(), 3
        for filters in shape:
            if filters == POOL:
                self.features.append(nn.MaxPool2d(2))
                side //= 2
            else:
                self.features.append(nn.Conv2d(channels, filters, 3, padding=1))
                if normalize:
                    self.features.append(nn.BatchNorm2d(filters))
                self.features.append(nn.ReLU())
                channels = filters
        self.add_classifier(channels, side, hidden, classes)

    def add_classifier(self, channels, side, hidden, classes):
        self.classifier = nn.Sequential(
            nn.Linear(channels * side * side, hidden),
            *(nn.ReLU(), nn.Dropout()),
            nn.Linear(hidden, hidden),
            *(nn.ReLU(), nn.Dropout()),
            nn.Linear(hidden, classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class TimmVgg(Vgg):
    def add_classifier(self, channels, side, hidden, classes):
        self.pre_logits, self.head = nn.Module(), nn.Module()
        self.pre_logits.fc1 = nn.Conv2d(channels, hidden, side)
        self.pre_logits.fc2 = nn.Conv2d(hidden, hidden, 1)
        self.head.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        x = functional.relu(self.pre_logits.fc1(self.features(x)))
        return self.head.fc(functional.relu(self.pre_logits.fc2(x)).flatten(1))


@torch.inference_mode()
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("kind", [Vgg, TimmVgg])
def test_a_small_vgg_gives_the_same_logits(kind, normalize, tmp_path):
    model = randomized(kind(TINY, TINY_SIDE, TINY_HIDDEN, TINY_CLASSES, normalize=normalize))
    cfg = tmp_path / "tiny.cfg"
    cfg.write_text(TINY_CFG.format(CONVOLUTION + f"\nbatch_normalize={int(normalize)}"))
    state, network = checkpoint(model), load(cfg)
    assert family_of(state).default_cfg(state) is None
    assert family_of(state).fill(network, state, "model.pth") == len(network.layers)
    *_, logits, _ = network.layer_outputs(picture(TINY_SIDE))
    assert_same(logits, model(normalized(picture(TINY_SIDE))))


@pytest.mark.parametrize("kind", [Vgg, TimmVgg])
def test_vgg16_has_a_definition_and_vgg16_with_batchnorm_has_none(kind):
    state = shapes_of(lambda: kind(VGG16, 224, 4096, 1000))
    assert family_of(state).default_cfg(state) == "vgg16-torch"
    state = shapes_of(lambda: kind(VGG16, 224, 4096, 1000, normalize=True))
    assert family_of(state).default_cfg(state) is None


@pytest.mark.long
@torch.inference_mode()
@pytest.mark.parametrize("kind", [Vgg, TimmVgg])
def test_the_shipped_definition_gives_the_same_logits(kind):
    model = randomized(kind(VGG16, 224, 4096, 1000))
    state, network = checkpoint(model), load("vgg16-torch")
    assert family_of(state).fill(network, state, "model.pth") == len(network.layers)
    *_, logits, _ = network.layer_outputs(picture(224))
    assert_same(logits, model(normalized(picture(224))))
