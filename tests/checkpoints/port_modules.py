"""A small detector as modules of the ports of Darknet, with their keys and epsilons."""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import nn

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network

CFG = """[net]
channels=3
height=32
width=32
[convolutional]
filters=8
size=3
pad=1
batch_normalize=1
activation=leaky
[maxpool]
size=2
stride=2
[convolutional]
filters=4
batch_normalize=1
activation=leaky
[convolutional]
filters=8
size=3
pad=1
batch_normalize=1
activation=leaky
[shortcut]
from=-3
activation=linear
[convolutional]
filters=16
size=3
stride=2
pad=1
batch_normalize=1
activation=leaky
[convolutional]
filters=14
activation=linear
[yolo]
classes=2
num=4
mask=2,3
anchors=4,5, 6,7, 8,9, 10,12
[route]
layers=-3
[convolutional]
filters=8
batch_normalize=1
activation=leaky
[upsample]
stride=2
[route]
layers=-1,4
[convolutional]
filters=14
activation=linear
[yolo]
classes=2
num=4
mask=0,1
anchors=4,5, 6,7, 8,9, 10,12
"""
# Index in the cfg: channels in, filters, size, stride, normalised.
_CONVOLUTIONS = {
    0: (3, 8, 3, 1, True),
    2: (8, 4, 1, 1, True),
    3: (4, 8, 3, 1, True),
    5: (8, 16, 3, 2, True),
    6: (16, 14, 1, 1, False),
    9: (16, 8, 1, 1, True),
    12: (16, 14, 1, 1, False),
}
_ANCHORS = {7: [[8.0, 9.0], [10.0, 12.0]], 13: [[4.0, 5.0], [6.0, 7.0]]}


@dataclass(frozen=True)
class Keys:
    """How a port names its modules; {i} is the layer's index, {n} counts convolutions."""

    modules: str
    convolution: str
    normalization: str
    epsilon: float
    keeps_anchors: bool = False


PORTS = {
    "eriklindernoren": Keys("module_list", "conv_{i}", "batch_norm_{i}", 1e-5, True),
    "ayooshkathuria": Keys("module_list", "conv_{i}", "batch_norm_{i}", 1e-5),
    "ultralytics": Keys("module_list", "Conv2d", "BatchNorm2d", 1e-4),
    "darknet2pytorch": Keys("models", "conv{n}", "bn{n}", 1e-5),
}


class Port(nn.Module):
    """The network of CFG with the module names of a port and a hand-written forward."""

    def __init__(self, keys, *, biased=False):
        super().__init__()
        layers = [nn.Sequential() for _ in range(14)]
        for number, (index, convolution) in enumerate(_CONVOLUTIONS.items(), 1):
            layers[index] = _convolution(keys, {"i": index, "n": number}, convolution, biased)
        if keys.keeps_anchors:
            for index, anchors in _ANCHORS.items():
                layers[index].add_module(f"yolo_{index}", _head(torch.tensor(anchors)))
        self.add_module(keys.modules, nn.ModuleList(layers))
        self.layers = layers
        randomize(self)

    def forward(self, x):
        """The inputs of both heads for pictures [N, 3, H, W]."""
        run = self.layers
        pooled = nn.functional.max_pool2d(run[0](x), 2)
        added = self.shortcut(run[3](run[2](pooled)), pooled)
        deep = run[5](added)
        enlarged = nn.functional.interpolate(run[9](deep), scale_factor=2)
        return run[6](deep), run[12](torch.cat((enlarged, added), 1))

    def shortcut(self, x, other):
        return x + other


class WeightedPort(Port):
    """A port with the weights that ultralytics/yolov3 gives to a [shortcut] with weights_type=."""

    def __init__(self, keys):
        super().__init__(keys)
        self.layers[4].register_parameter("w", nn.Parameter(torch.tensor([0.4, -1.2])))

    def shortcut(self, x, other):
        first, second = torch.sigmoid(self.layers[4].w) * (2 / 2)
        return first * x + second * other


def _convolution(keys, place, convolution, biased):
    channels, filters, size, stride, normalized = convolution
    convolution = nn.Conv2d(
        channels, filters, size, stride, size // 2, bias=biased or not normalized
    )
    parts = OrderedDict([(keys.convolution.format(**place), convolution)])
    if normalized:
        normalization = nn.BatchNorm2d(filters, eps=keys.epsilon)
        parts[keys.normalization.format(**place)] = normalization
        parts["activation"] = nn.LeakyReLU(0.1)
    return nn.Sequential(parts)


def _head(anchors):
    head = nn.Module()
    head.register_buffer("anchors", anchors)
    head.register_buffer("anchor_grid", anchors.view(1, -1, 1, 1, 2).clone())
    return head


@torch.no_grad()
def randomize(module):
    """Give `module` random arrays; every fourth variance is as small as an epsilon."""
    generator = torch.Generator().manual_seed(11)
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.normal_(0, part.weight[0].numel() ** -0.5, generator=generator)
            if part.bias is not None:
                part.bias.normal_(0, 1, generator=generator)
        elif isinstance(part, nn.BatchNorm2d):
            part.weight.uniform_(0.5, 1.5, generator=generator)
            part.bias.normal_(0, 0.3, generator=generator)
            part.running_mean.normal_(0, 0.3, generator=generator)
            part.running_var.uniform_(0.5, 1.5, generator=generator)
            part.running_var[::4] = 2e-5
            part.weight[::4] *= 0.005  # so that these channels stay in range
    module.eval()


def built(cfg=CFG, **options):
    """The runtime's network of `cfg`, for inference."""
    return build_network(parse_cfg(cfg, "small.cfg"), **options)


def pictures(size=32):
    """Two random pictures [2, 3, size, size]."""
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(7))


@torch.no_grad()
def head_inputs(network, images):
    """The outputs of the layers before the detection heads."""
    outputs = network.layer_outputs(images)
    return [outputs[head.index - 1] for head in network.heads]
