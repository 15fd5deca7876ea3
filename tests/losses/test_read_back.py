"""A loss reads nothing back from the device, and uses the assignment of its mini-batch."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning
from darknet_torch.losses.base import attach_delta
from darknet_torch.losses.registry import assigners_of, loss_function_for
from darknet_torch.model.network import build_network
from darknet_torch.targets.assignment import assign_to_heads
from tests.losses.cases import (
    HEIGHT,
    WIDTH,
    assert_near,
    build,
    loss_context,
    random_inputs,
    truth_rows,
)

SYNCHRONISING = {"_local_scalar_dense", "item", "nonzero", "masked_select", "equal", "is_nonzero"}
ANCHORS = "anchors=6,9,15,12,20,30,41,28\nnum=4\nclasses=3"
SECTIONS = {
    "yolo": ("[yolo]", "mask=3,1,0", 24),
    "yolo ciou": ("[yolo]", "mask=3,1,0\niou_loss=ciou\niou_thresh=.2\nmax_delta=2", 24),
    "yolo giou": ("[yolo]", "mask=3,1,0\niou_loss=giou\nlabel_smooth_eps=.1\nfocal_loss=1", 24),
    "yolo smooth": (
        "[yolo]",
        "mask=3,1,0\nobjectness_smooth=1\ncounters_per_class=3,100,7\nmax_delta=5",
        24,
    ),
    "Gaussian_yolo": ("[Gaussian_yolo]", "mask=3,1,0", 36),
    "Gaussian_yolo giou": ("[Gaussian_yolo]", "mask=3,1,0\niou_loss=giou\nyolo_point=left_top"
                           , 36),
    "region": ("[region]", "softmax=1\nrescore=1", 32),
    "region bias_match": ("[region]", "bias_match=1\nclassfix=-1", 32),
}  # fmt: skip


class _Watch(TorchDispatchMode):
    """Notes the operations for which a host waits for a device."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        name = function.overloadpacket.__name__
        masks = [
            one for group in arguments if isinstance(group, list | tuple) for one in group
            if isinstance(one, torch.Tensor) and one.dtype == torch.bool
        ]  # fmt: skip
        if name in SYNCHRONISING or (name.startswith("index") and masks):
            self.found.append(name)
        if torch.float64 in [one for one in (options or {}).values() if one is not None]:
            self.found.append("float64")
        return function(*arguments, **(options or {}))


@contextmanager
def no_read_back():
    with _Watch() as watch:
        yield
    assert watch.found == []


def step(layer, x, output, truths, context):
    """The loss of a layer, with its delta sent to `x`."""
    loss = loss_function_for(layer)(layer, x, output, truths, context)
    _, root, _ = attach_delta(x, output, loss)
    root.backward()
    return loss


def case(name, dialect="alexeyab"):
    """A head, its input, output and truths."""
    section, options, channels = SECTIONS[name]
    head = build(f"{section}\n{ANCHORS}\n{options}", channels, dialect)
    x = random_inputs(head, 1).requires_grad_()
    output = head(x).detach()
    return head, x, output, truth_rows(head, x.detach(), 1)


def assigned(head, rows):
    made = assign_to_heads({head.index: head.assigner}, rows, (HEIGHT, WIDTH))
    return {index: one.converted(torch.from_numpy) for index, one in made.items()}


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_a_head_reads_nothing_back_and_computes_in_float32(name):
    head, x, output, rows = case(name)
    truths, given = torch.from_numpy(rows), assigned(head, rows)
    with no_read_back():
        loss = step(head, x, output, truths, loss_context(head, seen=1, assignments=given))
    assert all(part.isfinite() for part in loss.parts.values())
    assert loss.parts["count"] > 5


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_the_batchs_assignment_gives_what_the_loss_makes_on_the_spot(name):
    head, x, output, rows = case(name)
    truths = torch.from_numpy(rows)
    alone = step(head, x, output, truths, loss_context(head))
    given = step(head, x, output, truths, loss_context(head, assignments=assigned(head, rows)))
    assert torch.equal(alone.delta, given.delta)
    assert torch.equal(alone.cost, given.cost)


def test_an_assignment_for_another_size_of_the_map_is_not_used():
    head, x, output, rows = case("yolo")
    truths = torch.from_numpy(rows)
    made = head.assigner.assign(rows, (HEIGHT, WIDTH), (2, 3)).converted(torch.from_numpy)
    context = loss_context(head, assignments={head.index: made})
    given = step(head, x, output, truths, context)
    assert torch.equal(given.delta, step(head, x, output, truths, loss_context(head)).delta)


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_the_fast_arithmetic_differs_from_cs_by_rounding(name):
    section, options, channels = SECTIONS[name]
    found = []
    for arithmetic in ("fast", "c_order"):
        cfg = f"[net]\nwidth={WIDTH}\nheight={HEIGHT}\nchannels={channels}\n[maxpool]\nstride=16\n"
        sections = parse_cfg(f"{cfg}size=1\n{section}\n{ANCHORS}\n{options}")
        head = build_network(sections, arithmetic=arithmetic).train().layers[-1]
        x = random_inputs(head, 2)
        rows = truth_rows(head, x, 2)
        output = head(x) if not found else found[0][0]
        loss = loss_function_for(head)(head, x, output, torch.from_numpy(rows), loss_context(head))
        found.append((output, loss.delta, loss.cost))
    assert_near(found[0][1], found[1][1])
    assert_near(found[0][2], found[1][2])


@pytest.mark.parametrize(
    ("cfg", "inputs", "values"),
    [
        ("[detection]\nclasses=2\nnum=2\nside=2\ncoords=4\nsqrt=1\nrescore=1", 48, 28),
        ("[softmax]", 6, 6),
        ("[cost]\ntype=smooth", 6, 6),
        ("[logistic]", 6, 6),
    ],
)
def test_other_losses_read_nothing_back(cfg, inputs, values):
    dialect = find_dialect("pjreddie" if "logistic" in cfg else "alexeyab")
    layer = build_network(parse_cfg(f"[net]\ninputs={inputs}\n{cfg}"), dialect=dialect).layers[-1]
    x = torch.rand(2, inputs, 1, 1, requires_grad=True)
    output = layer(x).detach()
    truths = (torch.rand(2, values) > 0.5).float()
    with no_read_back():
        step(layer, x, output, truths, loss_context(layer))


def test_a_network_whose_truths_are_cells_has_no_assigners():
    section = "[net]\ninputs=48\n[detection]\nclasses=2\nnum=2\nside=2\ncoords=4"
    assert assigners_of(build_network(parse_cfg(section))) == {}


def test_the_watch_finds_the_doubles_and_the_read_back_of_cs_arithmetic():
    sections = "[net]\nwidth=6\nheight=4\nchannels=24\n[yolo]\nnum=3\nclasses=3\nanchors=6,9"
    with pytest.warns(CfgWarning):
        head = build_network(parse_cfg(sections), arithmetic="c_order").train().layers[-1]
    x = random_inputs(head, 1).requires_grad_()
    rows = torch.tensor([[[0.5, 0.5, 0.2, 0.2, 1]]] * 2)
    with _Watch() as watch:
        step(head, x, head(x).detach(), rows, loss_context(head))
    assert {"float64", "nonzero"} <= set(watch.found)


def test_without_truths_nothing_is_read_back_either():
    head, x, output, _ = case("yolo ciou")
    rows = np.zeros((2, 4, 5), np.float32)
    given = assigned(head, rows)
    with no_read_back():
        loss = step(head, x, output, torch.from_numpy(rows), loss_context(head, assignments=given))
    assert loss.parts["count"] == 0
