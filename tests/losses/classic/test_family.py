"""Which networks have classic losses, and what is noted of their cfg."""

import warnings

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgNote, CfgWarning, UsageError
from darknet_torch.losses.base import attach_delta
from darknet_torch.losses.classic.family import classic_losses
from darknet_torch.losses.classic.head_form import FORMS
from darknet_torch.losses.classic.settings import ClassicSettings
from darknet_torch.losses.registry import assigners_of
from darknet_torch.model.network import build_network
from darknet_torch.targets.assignment import assign_to_heads
from tests.losses.cases import HEIGHT, WIDTH, loss_context
from tests.losses.classic.test_loss import REGION, YOLO, build, made
from tests.losses.test_read_back import no_read_back

DEFAULTS = ClassicSettings()


def network(cfg, dialect="alexeyab", net="width=32\nheight=32\nchannels=8"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        return build_network(parse_cfg(f"[net]\n{net}\n{cfg}"), dialect=find_dialect(dialect))


def refused(made, settings=DEFAULTS):
    with pytest.raises(UsageError) as caught:
        classic_losses(made, settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cfg", "dialect"),
    [
        ("[Gaussian_yolo]\nclasses=1\nanchors=1,2\n", "alexeyab"),
        ("[detection]\nclasses=2\nnum=1\nside=2\ncoords=4", "alexeyab"),
        ("[softmax]", "alexeyab"),
        ("[cost]", "alexeyab"),
        ("[logistic]", "pjreddie"),
    ],
)
def test_a_layer_without_a_classic_loss_is_refused_by_name(cfg, dialect):
    section = cfg.partition("]")[0] + "]"
    sizes = {"[Gaussian_yolo]": "width=32\nheight=32\nchannels=10"}
    net = sizes.get(section, "inputs=28")
    message = refused(network(cfg, dialect, net))
    assert section in message
    assert "layer 0" in message
    assert "expected [yolo] or [region]" in message
    assert "without --loss classic" in message


def test_a_network_without_a_loss_is_refused():
    message = refused(network("[maxpool]"))
    assert "none of its layers has a loss" in message


@pytest.mark.parametrize(
    ("options", "dialect", "named"),
    [
        ("softmax=0", "alexeyab", "softmax=0"),
        ("background=1\nsoftmax=1", "pjreddie", "background=1"),
        ("coords=5\nclasses=2\nsoftmax=1", "pjreddie", "coords=5"),
    ],
)
def test_a_region_that_has_no_classic_loss_says_why(options, dialect, named):
    message = refused(network(f"[region]\nanchors=1,2\n{options}\nclasses=3", dialect))
    assert "[region], layer 0" in message
    assert f"got {named}" in message


def test_a_region_of_pjreddies_dialect_has_logistic_scores():
    made = network("[region]\nanchors=1,2\nclasses=3", "pjreddie")
    assert FORMS[type(made.layers[0])](made.layers[0], DEFAULTS).class_loss == "bce"


def test_rescore_is_the_default_target_of_a_region():
    made = network("[region]\nanchors=1,2\nclasses=3\nsoftmax=1\nrescore=1")
    head = made.layers[0]
    assert FORMS[type(head)](head, DEFAULTS).objectness_target == "iou"
    given = ClassicSettings(objectness_target="one")
    assert FORMS[type(head)](head, given).objectness_target == "one"


def notes(made, settings=DEFAULTS):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classic_losses(made, settings)
    assert all(one.category is CfgNote for one in caught)
    return [str(one.message) for one in caught]


def test_options_without_effect_are_noted_once_for_all_heads():
    options = "iou_loss=ciou\niou_thresh=.2\nmax_delta=5\nignore_thresh=.6\n"
    (note,) = notes(build(YOLO + options + "mask=0,1,2", 24, second=YOLO + options + "mask=1,2,3"))
    assert note.count("[yolo] iou_loss=") == 1
    assert "iou_thresh=" not in note
    assert "[yolo] max_delta=" in note
    assert "--loss-weights" in note
    assert "ignore_thresh" not in note
    for given in ({"assign_several": 0.3}, {"assign": "shape-ratio"}, {"assign": "predicted-iou"}):
        (note,) = notes(build(YOLO + options + "mask=0,1,2", 24), ClassicSettings(**given))
        assert "[yolo] iou_thresh=" in note
    counted = f"{YOLO}mask=0,1,2\nmax_delta=5\ncounters_per_class=1,2,3"
    assert notes(build(counted, 24)) == []


def test_class_scores_that_the_head_gives_otherwise_are_noted():
    yolo, region = build(YOLO + "mask=0,1,2", 24), build(REGION + "softmax=1", 24)
    (note,) = notes(yolo, ClassicSettings(class_loss="ce"))
    assert "--class-loss bce fits" in note
    (note,) = notes(region, ClassicSettings(class_loss="bce"))
    assert "--class-loss ce fits" in note
    assert notes(yolo) == notes(region) == []


@pytest.mark.parametrize("assign", ["shape-iou", "predicted-iou"])
@pytest.mark.parametrize("truths", [True, False])
def test_nothing_is_read_back_and_the_batchs_assignment_is_used(assign, truths):
    settings = ClassicSettings(
        assign=assign, assign_several=0.3, positive_weight="auto", objectness_target="iou"
    )
    net = build(YOLO + "mask=0,1,2", 24)
    family, head = classic_losses(net, settings), net.layers[-1]
    x, rows = made(head)
    rows = rows if truths else np.zeros_like(rows)
    assigners = assigners_of(net, family)
    assert list(assigners) == [head.index]
    given = assign_to_heads({head.index: assigners[head.index]}, rows, (HEIGHT, WIDTH))
    (one,) = given.values()
    assert (one.assigned > 0) is truths
    x = x.requires_grad_()
    alone = family.functions[type(head)](
        head, x, head(x).detach(), torch.from_numpy(rows), loss_context(head)
    )
    tensors = {head.index: assigners[head.index].assign(rows, (HEIGHT, WIDTH), (2, 3))}
    tensors = {index: each.converted(torch.from_numpy) for index, each in tensors.items()}
    context = loss_context(head, assignments=tensors)
    with no_read_back():
        loss = family.functions[type(head)](
            head, x, head(x).detach(), torch.from_numpy(rows), context
        )
        attach_delta(x, x, loss)[1].backward()
    assert torch.equal(loss.delta, alone.delta)
    assert torch.equal(x.grad, -loss.delta)
    assert all(part.isfinite() for part in loss.parts.values())
    assert (loss.parts["count"] > 0) == truths


@pytest.mark.parametrize("kind", ["mse", "ciou"])
@pytest.mark.parametrize("size", [-300.0, 300.0])
def test_a_loss_of_extreme_predictions_is_finite(kind, size):
    net = build(YOLO + "mask=0,1,2", 24)
    family, head = classic_losses(net, ClassicSettings(box_loss=kind)), net.layers[-1]
    x, rows = made(head)
    loss = family.functions[type(head)](
        *(head, torch.full_like(x, size), x, torch.from_numpy(rows), loss_context(head))
    )
    assert loss.cost.isfinite()
    assert loss.delta.isfinite().all()
