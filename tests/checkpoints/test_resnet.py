"""Checkpoints of ResNet, against a plain module with torchvision's keys."""

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


class Block(nn.Module):
    """Convolutions (size, stride, filters) with BatchNorm, and the shortcut around them."""

    def __init__(self, channels, convolutions):
        super().__init__()
        self.count, stride, inside = len(convolutions), 1, channels
        for number, (size, step, filters) in enumerate(convolutions, 1):
            conv = nn.Conv2d(inside, filters, size, step, size // 2, bias=False)
            setattr(self, f"conv{number}", conv)
            setattr(self, f"bn{number}", nn.BatchNorm2d(filters))
            stride, inside = stride * step, filters
        self.downsample = None
        if stride > 1 or channels != inside:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, inside, 1, stride, bias=False), nn.BatchNorm2d(inside)
            )

    def forward(self, x):
        out = x
        for number in range(1, self.count + 1):
            out = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(out))
            if number < self.count:
                out = functional.relu(out)
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, depths, *, bottleneck, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for stage, depth in enumerate(depths):
            wide, blocks = 64 << stage, []
            for number in range(depth):
                step = 2 if stage and not number else 1
                shape = [(3, step, wide), (3, 1, wide)]
                if bottleneck:
                    shape = [(1, 1, wide), (3, step, wide), (1, 1, 4 * wide)]
                blocks.append(Block(channels, shape))
                channels = shape[-1][-1]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes)

    def features(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return x

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


MODELS = {
    "resnet18-torch": ((2, 2, 2, 2), False),
    "resnet34-torch": ((3, 4, 6, 3), False),
    "resnet50-torch": ((3, 4, 6, 3), True),
}


@torch.inference_mode()
@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_definition_gives_the_same_logits(name):
    depths, bottleneck = MODELS[name]
    model = randomized(ResNet(depths, bottleneck=bottleneck))
    state, network = checkpoint(model), load(name, SIDE)
    family = family_of(state)
    assert family.default_cfg(state) == name
    assert family.fill(network, state, "model.pth") == len(network.layers)
    *_, logits, _ = network.layer_outputs(picture(SIDE))
    assert_same(logits, model(normalized(picture(SIDE))))


@torch.inference_mode()
def test_a_checkpoint_without_classifier_fills_the_features():
    model = randomized(ResNet((2, 2, 2, 2), bottleneck=False))
    network = load("resnet18-torch", SIDE)
    state = {key: value for key, value in checkpoint(model).items() if "fc." not in key}
    covered = family_of(state).fill(network, state, "model.pth")
    assert network.layers[covered].section == "connected"
    out = network.layer_outputs(picture(SIDE))[covered - 2]
    assert_same(out, model.features(normalized(picture(SIDE))))


@pytest.mark.parametrize(("depths", "bottleneck"), [((3, 4, 23, 3), True), ((1, 1, 1, 1), False)])
def test_other_depths_are_recognised_and_have_no_definition(depths, bottleneck):
    state = shapes_of(lambda: ResNet(depths, bottleneck=bottleneck))
    assert family_of(state).default_cfg(state) is None


def test_resnext_has_no_definition():
    state = shapes_of(lambda: ResNet((3, 4, 6, 3), bottleneck=True))
    state["layer1.0.conv2.weight"] = torch.empty(128, 4, 3, 3, device="meta")  # of ResNeXt
    assert family_of(state).default_cfg(state) is None
