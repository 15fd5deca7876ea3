"""A detector of two convolutions, and weight files for it."""

import struct

import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network

CFG = """[net]
width=32
height=32
channels=3

[convolutional]
batch_normalize=1
filters=2
size=3
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters={filters}
activation=linear

[yolo]
classes={classes}
num=3
anchors=1,2, 3,4, 5,6
"""


FIRST, SECOND = 4 * 2 + 2 * 3 * 9, 24 + 24 * 2  # floats of the two convolutions


HEADER = struct.pack("<3iQ", 0, 2, 5, 64)


def build(classes=3):
    text = CFG.format(classes=classes, filters=3 * (5 + classes))
    torch.manual_seed(0)
    return build_network(parse_cfg(text, "tiny.cfg"))


def floats(count):
    return struct.pack(f"<{count}f", *range(count))


def weights_for(classes):
    """A whole file for the network with that many classes."""
    return HEADER + floats(sum(slot.tensor.numel() for _, slot in build(classes).slots()))


WHOLE = HEADER + floats(FIRST + SECOND)


def state_of(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def values_of(network, index):
    """The values of a layer in the order of the file."""
    slots = network.layers[index].weight_slots()
    return torch.cat([slot.tensor.detach().flatten() for slot in slots]).tolist()
