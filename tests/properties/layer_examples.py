"""The smallest cfg of every layer type, as the layer classes declare it."""

import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network
from darknet_torch.model.registry import LAYER_TYPES

NET = "[net]\nwidth=5\nheight=4\nchannels=4\ntime_steps=2\n"
EXAMPLES = {layer.section_names[0]: layer.example_cfg for layer in LAYER_TYPES}


def build(cfg, dialect, net=NET):
    """The network of the sections `cfg` after `net`; arrays hold Darknet's starting values."""
    torch.manual_seed(1)
    return build_network(parse_cfg(net + cfg), dialect=find_dialect(dialect))


def has_arrays(cfg, dialect):
    """Whether the network has arrays in weight files."""
    return any(True for _ in build(cfg, dialect).slots())
