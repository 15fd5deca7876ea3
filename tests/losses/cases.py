"""Heads on a small map, truths for them, and what their losses say."""

import numpy as np
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.registry import loss_of
from darknet_torch.model.network import build_network

ROWS, COLUMNS = 4, 6  # of the map
HEIGHT, WIDTH = 64, 96  # of the network's input


def build(section, channels, dialect="alexeyab", net=""):
    """The head that `section` describes, alone on a map of 4x6 of an input of 64x96."""
    cfg = f"[net]\nwidth={WIDTH}\nheight={HEIGHT}\nchannels={channels}\n{net}\n"
    sections = parse_cfg(f"{cfg}[maxpool]\nstride=16\nsize=1\n{section}")
    return build_network(sections, dialect=find_dialect(dialect)).layers[-1]


def raw(head, seed, count=2, low=None):
    """[count, C, 4, 6] inputs: normal, or uniform from `low` to 1."""
    make = torch.Generator().manual_seed(seed)
    shape = (count, head.input_shape.channels, ROWS, COLUMNS)
    if low is None:
        return torch.randn(*shape, generator=make)
    return torch.rand(*shape, generator=make) * (1 - low) + low


def truth_rows(head, x, seed, values=5):
    """[N, 12, values]: boxes anywhere, boxes near predicted ones, several in one cell.

    A class outside the head's, a gap that ends the rows, and a row behind it that must not
    count are among them.
    """
    random = np.random.default_rng(seed)
    boxes = head.decode(head(x), HEIGHT, WIDTH).boxes.detach().numpy()
    rows = np.zeros((len(x), 12, values), np.float32)
    for picture, each in enumerate(rows):
        each[:6, 2:4] = random.uniform(0.05, 0.7, (6, 2))
        each[:6, :2] = random.uniform(0.02, 0.98, (6, 2))
        usual = boxes[picture][(boxes[picture, :, :2] > 0.02).all(1)]
        usual = usual[(usual[:, :2] < 0.98).all(1) & (usual[:, 2:] < 0.9).all(1)]
        near = usual[random.integers(0, len(usual), 2)]
        each[2:4, :4] = near * random.uniform(0.9, 1.02, near.shape)
        each[4] = each[0]  # the same cell and anchor again
        each[4, 2:4] *= 1.02
        each[5] = each[1]
        each[:6, 4] = random.integers(0, head.classes, 6)
        each[4, 4] = each[0, 4]  # and the same class
        each[5, 4] = (each[1, 4] + 1) % head.classes
        each[6] = each[2]
        each[6, 4] = head.classes + 2
        each[7:9, :4] = random.uniform(0.2, 0.6, (2, 4))
        each[10, :4] = random.uniform(0.2, 0.6, 4)  # behind the gap
    return rows


_NET = read_net(parse_cfg("[net]\ninputs=1")[0], find_dialect("alexeyab"))


def context(head, dialect="alexeyab", seen=100_000, net=_NET, iteration=0, **more):
    """What a loss may know, of the input that `build` gives."""
    return LossContext(
        net=net,
        dialect=find_dialect(dialect),
        height=HEIGHT,
        width=WIDTH,
        seen=seen,
        iteration=iteration,
        **more,
    )


def computed(head, x, rows, around):
    """The output of `head`, and its loss of `rows`."""
    output = head(x)
    return output, loss_of(head)(head, x, output, torch.from_numpy(rows), around)


def assert_near(found, expected, rtol=3e-5, part=2e-6):
    """`found` is `expected` but for rounding.

    Both round to float32, in another order: `rtol` of each value, and of the largest
    value a `part`, where terms of its size cancel.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    largest = float(np.abs(expected).max(initial=0))
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=part * largest)
