"""Networks of several layers, and the inputs and output of the last layer."""

import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-6, "atol": 1e-6}  # one product in float32, and a logistic function


def build(*sections, dialect="alexeyab"):
    """A network of sections written as "name key=value ...", on pictures of 3x4x5."""
    lines = ["net channels=3 height=4 width=5", *sections]
    cfg = "\n".join(f"[{name}]\n" + "\n".join(rest) for name, *rest in map(str.split, lines))
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def picture():
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(5))


def last_with_inputs(network):
    """The inputs and the output of the last layer for a batch, as arrays."""
    outputs = [out.detach().double().numpy() for out in network.layer_outputs(picture())]
    return outputs[-1], *(outputs[source] for source in network.layers[-1].sources)
