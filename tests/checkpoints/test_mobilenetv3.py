"""Checkpoints of MobileNetV3, against plain modules with torchvision's and timm's keys."""

import pytest
import torch
from torch import nn

from darknet_torch.cfg.zoo import find_cfg
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

SIDE = 32
# Each block: kernel size, expanded channels, output channels, squeezed channels (0 for none),
# hard swish or ReLU, stride. One row for each of timm's stages.
LARGE = (
    ((3, 16, 16, 0, False, 1),),
    ((3, 64, 24, 0, False, 2), (3, 72, 24, 0, False, 1)),
    ((5, 72, 40, 24, False, 2), (5, 120, 40, 32, False, 1), (5, 120, 40, 32, False, 1)),
    (
        *((3, 240, 80, 0, True, 2), (3, 200, 80, 0, True, 1)),
        *((3, 184, 80, 0, True, 1), (3, 184, 80, 0, True, 1)),
    ),
    ((3, 480, 112, 120, True, 1), (3, 672, 112, 168, True, 1)),
    ((5, 672, 160, 168, True, 2), (5, 960, 160, 240, True, 1), (5, 960, 160, 240, True, 1)),
)
SMALL = (
    ((3, 16, 16, 8, False, 2),),
    ((3, 72, 24, 0, False, 2), (3, 88, 24, 0, False, 1)),
    ((5, 96, 40, 24, True, 2), (5, 240, 40, 64, True, 1), (5, 240, 40, 64, True, 1)),
    ((5, 120, 48, 32, True, 1), (5, 144, 48, 40, True, 1)),
    ((5, 288, 96, 72, True, 2), (5, 576, 96, 144, True, 1), (5, 576, 96, 144, True, 1)),
)
# Shipped definition -> stages, width of the classifier, indices of the feature maps that the neck
# reads, and the layers of the definition that compute them.
MODELS = {
    "yolov3-mobilenetv3-large": (LARGE, 1280, (2, 4, -1), (34, 64, 88)),
    "yolov3-mobilenetv3-small": (SMALL, 1024, (1, 3, -1), (14, 52, 76)),
}

CLASSIFIER = """
[avgpool]
[convolutional]
filters=1024
activation=hard_swish
[connected]
output=1000
activation=linear
"""


class Squeeze(nn.Module):
    """Squeeze-and-excitation, its convolutions under the names `first` and `second`."""

    def __init__(self, channels, squeezed, first, second):
        super().__init__()
        self.names = first, second
        self.add_module(first, nn.Conv2d(channels, squeezed, 1))
        self.add_module(second, nn.Conv2d(squeezed, channels, 1))

    def forward(self, x):
        first, second = (getattr(self, name) for name in self.names)
        factors = second(first(x.mean((2, 3), keepdim=True)).clamp(min=0))
        return x * (factors + 3).clamp(0, 6) / 6


def hard_swish(x):
    return x * (x + 3).clamp(0, 6) / 6


def relu(x):
    return x.clamp(min=0)


def convolution(inside, out, size=1, stride=1, *, depthwise=False):
    groups = inside if depthwise else 1
    return nn.Conv2d(inside, out, size, stride, size // 2, groups=groups, bias=False)


class TorchvisionBlock(nn.Module):
    def __init__(self, inside, size, wide, out, squeeze, swishes, stride):
        super().__init__()
        self.activation = hard_swish if swishes else relu
        self.adds = stride == 1 and inside == out
        self.block = nn.Sequential()
        if wide != inside:
            self.add(convolution(inside, wide))
        self.add(convolution(wide, wide, size, stride, depthwise=True))
        if squeeze:
            self.block.append(Squeeze(wide, squeeze, "fc1", "fc2"))
        self.add(convolution(wide, out))

    def add(self, conv):
        norm = nn.BatchNorm2d(conv.out_channels, eps=1e-3)
        self.block.append(nn.Sequential(conv, norm))

    def forward(self, x):
        out = x
        for part in self.block:
            out = part(out)
            if part is not self.block[-1] and not isinstance(part, Squeeze):
                out = self.activation(out)
        return out + x if self.adds else out


class Torchvision(nn.Module):
    def __init__(self, stages, hidden):
        super().__init__()
        self.ends, channels = [], 16
        self.features = nn.Sequential(self.plain(convolution(3, 16, 3, 2)))
        for stage in stages:
            for size, wide, out, *rest in stage:
                self.features.append(TorchvisionBlock(channels, size, wide, out, *rest))
                channels = out
            self.ends.append(len(self.features) - 1)
        self.features.append(self.plain(convolution(channels, 6 * channels)))
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, hidden), nn.Hardswish(), nn.Dropout(), nn.Linear(hidden, 1000)
        )

    @staticmethod
    def plain(conv):
        return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels, eps=1e-3), nn.Hardswish())

    def maps(self, x):
        """The output of each stage, and of the last convolution."""
        found = []
        for index, part in enumerate(self.features):
            x = part(x)
            found += [x] if index in self.ends else []
        return [*found, x]

    def logits(self, x):
        return self.classifier(self.maps(x)[-1].mean((2, 3)))


class TimmBlock(nn.Module):
    def __init__(self, inside, size, wide, out, squeeze, swishes, stride):
        super().__init__()
        self.activation = hard_swish if swishes else relu
        self.adds = stride == 1 and inside == out
        expands = wide != inside
        self.names = ("conv_pw", "conv_dw", "conv_pwl") if expands else ("conv_dw", "conv_pw")
        shapes = [(inside, wide, 1, 1, False)] if expands else []
        shapes += [(wide, wide, size, stride, True), (wide, out, 1, 1, False)]
        for number, (name, (*shape, depthwise)) in enumerate(zip(self.names, shapes, strict=True)):
            self.add_module(name, convolution(*shape, depthwise=depthwise))
            self.add_module(f"bn{number + 1}", nn.BatchNorm2d(shape[1]))
        self.se = Squeeze(wide, squeeze, "conv_reduce", "conv_expand") if squeeze else None

    def forward(self, x):
        out = x
        for number, name in enumerate(self.names, 1):
            if number == len(self.names) and self.se is not None:
                out = self.se(out)
            out = getattr(self, f"bn{number}")(getattr(self, name)(out))
            if number < len(self.names):
                out = self.activation(out)
        return out + x if self.adds else out


class Timm(nn.Module):
    def __init__(self, stages, hidden):
        super().__init__()
        self.conv_stem, self.bn1 = convolution(3, 16, 3, 2), nn.BatchNorm2d(16)
        self.blocks, channels = nn.Sequential(), 16
        for stage in stages:
            blocks = nn.Sequential()
            for size, wide, out, *rest in stage:
                blocks.append(TimmBlock(channels, size, wide, out, *rest))
                channels = out
            self.blocks.append(blocks)
        last = nn.Module()
        last.conv, last.bn1 = convolution(channels, 6 * channels), nn.BatchNorm2d(6 * channels)
        self.blocks.append(nn.ModuleList([last]))
        self.conv_head = nn.Conv2d(6 * channels, hidden, 1)
        self.classifier = nn.Linear(hidden, 1000)

    def maps(self, x):
        """The output of each stage, and of the last convolution."""
        x, found = hard_swish(self.bn1(self.conv_stem(x))), []
        for stage in self.blocks[:-1]:
            x = stage(x)
            found.append(x)
        (last,) = self.blocks[-1]
        return [*found, hard_swish(last.bn1(last.conv(x)))]

    def logits(self, x):
        x = hard_swish(self.conv_head(self.maps(x)[-1].mean((2, 3), keepdim=True)))
        return self.classifier(x.flatten(1))


@torch.inference_mode()
@pytest.mark.parametrize("kind", [Torchvision, Timm])
@pytest.mark.parametrize("name", MODELS)
def test_the_shipped_definition_gives_the_same_features(name, kind):
    stages, hidden, ends, layers = MODELS[name]
    model = randomized(kind(stages, hidden))
    state, network = checkpoint(model), load(name, SIDE)
    family = family_of(state)
    assert family.default_cfg(state) == name
    assert family.fill(network, state, "model.pth") == layers[-1] + 1
    outputs, maps = network.layer_outputs(picture(SIDE)), model.maps(normalized(picture(SIDE)))
    for layer, end in zip(layers, ends, strict=True):
        assert_same(outputs[layer], maps[end])


@torch.inference_mode()
@pytest.mark.parametrize("kind", [Torchvision, Timm])
def test_the_classifier_is_read_if_the_cfg_has_it(kind, tmp_path):
    backbone, _, _ = find_cfg("yolov3-mobilenetv3-small").read_text().partition("\n# 77: ")
    cfg = tmp_path / "classifier.cfg"
    cfg.write_text(backbone + CLASSIFIER)
    model, network = randomized(kind(SMALL, 1024)), load(cfg, SIDE)
    state = checkpoint(model)
    assert family_of(state).fill(network, state, "model.pth") == len(network.layers)
    (logits,) = network(picture(SIDE))
    assert_same(logits, model.logits(normalized(picture(SIDE))))


@pytest.mark.parametrize("kind", [Torchvision, Timm])
def test_a_model_of_other_widths_is_not_recognised(kind):
    wider = tuple(
        tuple((size, 2 * wide, 2 * out, *rest) for size, wide, out, *rest in stage)
        for stage in SMALL
    )
    with pytest.raises(ValueError, match="not enough values"):
        family_of(shapes_of(lambda: kind(wider, 1024)))
