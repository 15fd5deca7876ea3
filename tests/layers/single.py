"""Networks of one layer, and helpers of the plain implementations of layers."""

import struct
import warnings

import numpy as np
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32 sums of at most 75 products near 1


NORMALIZATION = ("scales", "rolling_mean", "rolling_variance")


def build(section, *, channels=3, height=4, width=5, dialect="alexeyab"):
    """A network of one layer, written as "name key=value ..."."""
    name, *options = section.split()
    net = f"[net]\nchannels={channels}\nheight={height}\nwidth={width}\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cfg = parse_cfg("\n".join((net, f"[{name}]", *options)))
        return build_network(cfg, dialect=find_dialect(dialect))


def picture(channels=3, height=4, width=5):
    generator = torch.Generator().manual_seed(5)
    return torch.randn(2, channels, height, width, generator=generator)


def load(network, shapes, folder):
    """Random arrays of these names and shapes, read from a file in their order."""
    generator = np.random.default_rng(3)
    given, content = {}, struct.pack("<3iQ", 0, 2, 5, 0)
    for name, shape in shapes.items():
        low, high = (0.5, 1.5) if name == "rolling_variance" else (-1, 1.5)
        values = generator.uniform(low, high, shape).astype("<f4")
        given[name] = values.astype("f8")
        content += values.tobytes()
    (folder / "a.weights").write_bytes(content)
    assert read_weights(network, folder / "a.weights").complete
    return given


def check_output(network, x, expected, **close):
    """The output for `x`, and the announced shape, are those of `expected`."""
    (out,) = network(x)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == expected.shape[1:]
    np.testing.assert_allclose(out.detach(), expected, **(close or CLOSE))


def logistic(x):
    return 1 / (1 + np.exp(-x))
