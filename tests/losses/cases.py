"""Heads on a small map, random inputs and truths for them, and a call of their losses."""

import numpy as np
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.registry import loss_function_for
from darknet_torch.model.network import build_network

ROWS, COLUMNS = 4, 6  # of the map
HEIGHT, WIDTH = 64, 96  # of the network's input


def build(section, channels, dialect="alexeyab", net=""):
    """Build the head of a cfg section, on a map of 4x6 cells of an input of 64x96."""
    cfg = f"[net]\nwidth={WIDTH}\nheight={HEIGHT}\nchannels={channels}\n{net}\n"
    sections = parse_cfg(f"{cfg}[maxpool]\nstride=16\nsize=1\n{section}")
    return build_network(sections, dialect=find_dialect(dialect)).layers[-1]


def random_inputs(head, seed, count=2, low=None):
    """[count, C, 4, 6] inputs of a head: normal, or uniform from `low` to 1."""
    make = torch.Generator().manual_seed(seed)
    shape = (count, head.input_shape.channels, ROWS, COLUMNS)
    if low is None:
        return torch.randn(*shape, generator=make)
    return torch.rand(*shape, generator=make) * (1 - low) + low


def truth_rows(head, x, seed, values=5):
    """[N, 12, values] truth rows: boxes anywhere, near predicted ones, several in one cell.

    Among them are a class that the head does not have, a gap that ends the rows, and a row
    after it that must not count.
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
        each[10, :4] = random.uniform(0.2, 0.6, 4)  # after the gap
    return rows


_NET = read_net(parse_cfg("[net]\ninputs=1")[0], find_dialect("alexeyab"))


def loss_context(head, dialect="alexeyab", seen=100_000, net=_NET, iteration=0, **more):
    """The context of a loss, for the input that `build` has."""
    return LossContext(
        net=net,
        dialect=find_dialect(dialect),
        height=HEIGHT,
        width=WIDTH,
        seen=seen,
        iteration=iteration,
        **more,
    )


def compute_loss(head, x, rows, context):
    """The output of `head` for `x`, and its loss for the truth rows."""
    output = head(x)
    return output, loss_function_for(head)(head, x, output, torch.from_numpy(rows), context)


def assert_near(found, expected, rtol=3e-5, part=2e-6):
    """Assert that `found` equals `expected` up to rounding.

    Both round to float32, in another order. Allowed are `rtol` of each value, and `part` of
    the largest value, because terms of its size cancel.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    largest = float(np.abs(expected).max(initial=0))
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=part * largest)
