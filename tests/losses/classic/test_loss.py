"""Each classic loss compared with plain loops, and its gradient with finite differences."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.losses.classic.family import classic_losses
from darknet_torch.losses.classic.head_form import FORMS
from darknet_torch.losses.classic.loss import HeadComputation
from darknet_torch.losses.classic.settings import ClassicSettings, LossWeights
from darknet_torch.model.network import build_network
from tests.losses.cases import HEIGHT, WIDTH, loss_context, random_inputs, truth_rows
from tests.losses.classic.reference import assign, head_loss, truths_of

YOLO = "[yolo]\nanchors=6,9,15,12,20,30,41,28\nnum=4\nclasses=3\nignore_thresh=.3\n"
REGION = "[region]\nanchors=.4,.6,.9,.8,1.3,1.9\nnum=3\nclasses=3\nthresh=.3\n"
HEADS = {"yolo": (YOLO + "mask=3,1,0", 24), "region": (REGION + "softmax=1", 24)}


def build(section, channels, dialect="alexeyab", second=""):
    """A network of a head, and of another one of half the map."""
    cfg = f"[net]\nwidth={WIDTH}\nheight={HEIGHT}\nchannels={channels}\n[maxpool]\nstride=16\n"
    more = f"[route]\nlayers=0\n[maxpool]\nstride=2\nsize=2\n{second}" if second else ""
    sections = parse_cfg(f"{cfg}size=1\n{section}\n{more}")
    return build_network(sections, dialect=find_dialect(dialect))


def made(head, seed=1):
    """Input and truths of a head, on a map of 2x3 cells."""
    x = random_inputs(head, seed, low=0.05 if getattr(head.options, "new_coords", 0) else None)
    x = x[:, :, :2, :3].contiguous()
    rows = truth_rows(head, x, seed)
    rows[0, 3, 2] = 0  # a truth of no size
    return x, rows


def expected(heads, inputs, rows, settings, **more):
    """The parts that the loops give, of each head."""
    truths = truths_of(rows, heads[0].classes)
    lists = [x.tolist() for x in inputs]
    assigned = assign(heads, lists, truths, settings)
    found = []
    for number, (head, x) in enumerate(zip(heads, lists, strict=True)):
        own = [[at for index, at in sorted(boxes) if index == number] for boxes in assigned]
        found.append((head_loss(head, x, truths, own, settings, **more), sum(map(len, own))))
    return found


def assert_equal(loss, reference, pictures=2):
    (box, objectness, classes), count = reference
    parts = {name: part.item() * pictures for name, part in loss.parts.items()}
    assert loss.parts["count"] == count
    found = [parts["box_loss"], parts["objectness_loss"], parts["class_loss"], loss.cost.item()]
    np.testing.assert_allclose(
        found, [box, objectness, classes, box + objectness + classes], rtol=2e-5, atol=1e-5
    )


CASES = {
    **{kind: {"box_loss": kind} for kind in ("mse", "iou", "giou", "diou", "ciou")},
    "target iou": {"objectness_target": "iou"},
    "shape-iou several": {"assign_several": 0.3},
    "shape-ratio": {"assign": "shape-ratio"},
    "shape-ratio several": {"assign": "shape-ratio", "assign_several": 4.0},
    "predicted-iou": {"assign": "predicted-iou"},
    "predicted-iou several": {"assign": "predicted-iou", "assign_several": 0.2},
    "bce": {"class_loss": "bce"},
    "ce": {"class_loss": "ce"},
    "positive weight": {"positive_weight": 2.5},
    "positive weight auto": {"positive_weight": "auto"},
    "weights": {"weights": LossWeights(0.5, 2.0, 3.0, 0.25)},
}


def run(network, index, settings, x, rows):
    family = classic_losses(network, settings)
    head = network.layers[index]
    compute = family.functions[type(head)]
    return compute(head, x, head(x), torch.from_numpy(rows), loss_context(head))


@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("kind", sorted(HEADS))
def test_a_loss_is_that_of_plain_loops(kind, name):
    network, settings = build(*HEADS[kind]), ClassicSettings(**CASES[name])
    head = network.layers[-1]
    x, rows = made(head)
    loss = run(network, head.index, settings, x, rows)
    reference = expected(
        *([head], [x], rows, settings),
        ignore=0.3,
        target=settings.objectness_target or "one",
        class_loss=settings.class_loss or ("ce" if kind == "region" else "bce"),
    )
    assert_equal(loss, reference[0])
    assert loss.parts["count"] > 3


@pytest.mark.parametrize(
    "options",
    [
        "scale_x_y=1.2",
        "new_coords=1\nscale_x_y=2",
        "label_smooth_eps=.1",
        "counters_per_class=3,100,7\nmax_delta=20",
    ],
)
@pytest.mark.parametrize("box_loss", ["mse", "ciou"])
def test_the_options_of_a_yolo_act(options, box_loss):
    network, settings = build(f"{YOLO}mask=3,1,0\n{options}", 24), ClassicSettings(box_loss)
    head = network.layers[-1]
    x, rows = made(head)
    loss = run(network, head.index, settings, x, rows)
    reference = expected(
        *([head], [x], rows, settings), ignore=0.3, target="one", class_loss="bce"
    )
    assert_equal(loss, reference[0])


@pytest.mark.parametrize(
    ("given", "as_without"),
    [
        ({}, {"assign_several": 0.3}),
        ({"assign_several": 1.0}, {}),
        ({"assign_several": 0.6}, {"assign_several": 0.6}),
        ({"assign": "shape-ratio"}, {"assign": "shape-ratio"}),
        ({"assign": "predicted-iou"}, {"assign": "predicted-iou"}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
def test_iou_thresh_is_the_bound_where_none_is_given(given, as_without):
    plain, bounded = (build(f"{YOLO}mask=3,1,0\n{more}", 24) for more in ("", "iou_thresh=.3"))
    x, rows = made(plain.layers[-1])
    found, expected, one_box = (
        run(network, network.layers[-1].index, ClassicSettings(**options), x, rows)
        for network, options in ((bounded, given), (plain, as_without), (plain, {}))
    )
    assert torch.equal(found.delta, expected.delta)
    if not given:
        assert found.parts["count"] > one_box.parts["count"]


@pytest.mark.parametrize("assign_several", [None, 0.25])
def test_an_assignment_by_predictions_chooses_among_all_heads(assign_several):
    network = build(YOLO + "mask=0,1,2", 24, second=YOLO + "mask=1,3,0")
    heads = network.heads
    x, rows = made(heads[0], seed=4)
    inputs = [x, random_inputs(heads[1], 5)[:, :, :1, :2].contiguous()]
    settings = ClassicSettings(assign="predicted-iou", assign_several=assign_several)
    family = classic_losses(network, settings)
    losses = {}
    for head, given in zip(heads, inputs, strict=True):
        compute = family.functions[type(head)]
        losses[head.index] = compute(
            *(head, given, head(given), torch.from_numpy(rows)), loss_context(head, earlier=losses)
        )
    reference = expected(heads, inputs, rows, settings, ignore=0.3, target="one", class_loss="bce")
    for loss, one in zip(losses.values(), reference, strict=True):
        assert one[1] > 0
        assert_equal(loss, one)
        assert loss.delta.abs().sum() > 0


def test_the_best_anchor_of_another_head_leaves_a_truth_to_that_head():
    network = build(YOLO + "mask=0,1", 16, second=YOLO + "mask=2,3")
    heads = network.heads
    x, rows = made(heads[0])
    inputs = [x, random_inputs(heads[1], 5)[:, :, :1, :2].contiguous()]
    settings = ClassicSettings()
    reference = expected(heads, inputs, rows, settings, ignore=0.3, target="one", class_loss="bce")
    for head, given, one in zip(heads, inputs, reference, strict=True):
        assert_equal(run(network, head.index, settings, given, rows), one)
        assert one[1] > 0


GRADIENTS = {
    **{name: CASES[name] for name in ("mse", "iou", "diou")},
    "several": {"assign_several": 0.3, "box_loss": "giou"},
    "ce": {"class_loss": "ce", "box_loss": "giou", "positive_weight": "auto"},
    "weights": {**CASES["weights"], "box_loss": "giou"},
}


@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")
@pytest.mark.parametrize("name", sorted(GRADIENTS))
@pytest.mark.parametrize("kind", ["yolo", "region", "new_coords"])
def test_the_delta_is_the_negative_gradient(kind, name):
    section, channels = HEADS.get(kind, (f"{YOLO}mask=3,1,0\nnew_coords=1", 24))
    network, settings = build(section, channels), ClassicSettings(**GRADIENTS[name])
    head = network.layers[-1]
    form = FORMS[type(head)](head, settings)
    x, rows = made(head, seed=2)

    def loss(values):
        truths = torch.from_numpy(rows)
        return HeadComputation(form, settings, values, truths, loss_context(head)).loss()

    x, step = x.double(), 1e-7
    fixed = loss(x)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(3)).double()
    slope = (loss(x + step * direction).cost - loss(x - step * direction).cost) / (2 * step)
    assert -(fixed.delta * direction).sum().item() == pytest.approx(slope.item(), rel=1e-5)
