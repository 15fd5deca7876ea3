"""[region] in both dialects: memory order, activations and decoding against plain loops."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # exp and division in float32
ANCHORS = [(1.0, 1.5), (2.5, 0.75)]
ROWS, COLUMNS, CLASSES = 2, 3, 3
BOTH = pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])


def build(options="", *, dialect="alexeyab", channels=16, anchors="anchors=1,1.5,2.5,.75"):
    cfg = [f"[net]\nwidth={COLUMNS}\nheight={ROWS}\nchannels={channels}"]
    cfg += ["[region]", "num=2", f"classes={CLASSES}", anchors, *options.split()]
    return build_network(parse_cfg("\n".join(cfg)), dialect=find_dialect(dialect))


def raw(channels=16):
    shape = (2, channels, ROWS, COLUMNS)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def logistic(x):
    return 1 / (1 + math.exp(-x))


def softmax(values):
    raised = [math.exp(value) for value in values]
    return [one / sum(raised) for one in raised]


def cells(x, size):
    """(row, column, box, its values) of one picture's raw map."""
    for i, j, box in np.ndindex(ROWS, COLUMNS, 2):
        yield i, j, box, list(x[box * size : (box + 1) * size, i, j])


@pytest.mark.parametrize("options", ["", "softmax=1"])
def test_alexeyabs_output_is_ordered_by_position(options):
    x = raw()
    out = build(options)(x)[0].reshape(2, -1).numpy()
    for picture, result in zip(x.double().numpy(), out, strict=True):
        for i, j, box, (*coords, certain, a, b, c) in cells(picture, 8):
            scores = softmax([a, b, c]) if options else [a, b, c]
            expected = [*coords, logistic(certain), *scores]
            at = ((i * COLUMNS + j) * 2 + box) * 8
            np.testing.assert_allclose(result[at : at + 8], expected, **CLOSE)


@pytest.mark.parametrize("options", ["", "softmax=1"])
def test_pjreddies_output_is_ordered_by_channel_with_x_and_y_activated(options):
    x = raw()
    (out,) = build(options, dialect="pjreddie")(x)
    for picture, result in zip(x.double().numpy(), out.numpy(), strict=True):
        for i, j, box, (x0, y0, w, h, certain, *each) in cells(picture, 8):
            scores = softmax(each) if options else [logistic(one) for one in each]
            expected = [logistic(x0), logistic(y0), w, h, logistic(certain), *scores]
            np.testing.assert_allclose(result[box * 8 : box * 8 + 8, i, j], expected, **CLOSE)


@pytest.mark.parametrize("options", ["", "softmax=1"])
def test_pjreddies_background_is_a_class_of_the_softmax_and_raw_without_it(options):
    """region_layer.c forward_region_layer: softmax_cpu over l.classes + l.background."""
    x = raw()
    (out,) = build(f"background=1 {options}", dialect="pjreddie")(x)
    for picture, result in zip(x.double().numpy(), out.numpy(), strict=True):
        for i, j, box, (x0, y0, w, h, nothing, *each) in cells(picture, 8):
            tail = softmax([nothing, *each]) if options else [nothing, *map(logistic, each)]
            expected = [logistic(x0), logistic(y0), w, h, *tail]
            np.testing.assert_allclose(result[box * 8 : box * 8 + 8, i, j], expected, **CLOSE)


def test_pjreddies_further_coordinates_come_before_the_objectness():
    x = raw(20)
    (out,) = build("coords=6 softmax=1", dialect="pjreddie", channels=20)(x)
    for picture, result in zip(x.double().numpy(), out.numpy(), strict=True):
        for i, j, box, (x0, y0, *rest, certain, a, b, c) in cells(picture, 10):
            expected = [logistic(x0), logistic(y0), *rest, logistic(certain), *softmax([a, b, c])]
            np.testing.assert_allclose(result[box * 10 : box * 10 + 10, i, j], expected, **CLOSE)


@BOTH
@pytest.mark.parametrize("options", ["", "softmax=1"])
def test_boxes_scale_anchors_by_cells(options, dialect):
    network = build(options, dialect=dialect)
    (head,) = network.heads
    x = raw()
    found = head.decode(network(x)[0], 999, 777)  # the input's size does not matter
    for n, picture in enumerate(x.double().numpy()):
        for at, (i, j, box, (x0, y0, w, h, certain, *each)) in enumerate(cells(picture, 8)):
            width, height = ANCHORS[box]
            expected = (
                (j + logistic(x0)) / COLUMNS,
                (i + logistic(y0)) / ROWS,
                math.exp(w) * width / COLUMNS,
                math.exp(h) * height / ROWS,
            )
            if options:
                scores = softmax(each)
            else:
                scores = [logistic(one) if dialect == "pjreddie" else one for one in each]
            scores = [logistic(certain) * one for one in scores]
            np.testing.assert_allclose(found.boxes[n, at], expected, **CLOSE)
            np.testing.assert_allclose(found.class_scores[n, at], scores, **CLOSE)
            certainty = logistic(certain) if dialect == "pjreddie" else 1
            np.testing.assert_allclose(found.objectness[n, at], certainty, **CLOSE)


def test_alexeyabs_classfix_of_minus_1_drops_boxes_of_objectness_below_a_half():
    plain, fixed = build("softmax=1"), build("softmax=1 classfix=-1")
    x = raw()
    scores = plain.heads[0].decode(plain(x)[0], 1, 1).class_scores
    kept = fixed.heads[0].decode(fixed(x)[0], 1, 1).class_scores
    certain = scores.sum(-1, keepdim=True) >= 0.5  # the scores add up to the objectness
    assert certain.any()
    assert not certain.all()
    torch.testing.assert_close(kept, torch.where(certain, scores, 0.0), rtol=0, atol=0)


@BOTH
def test_filters_that_do_not_fit_are_refused(dialect):
    message = (
        r"expected 16 channels = 2 anchors \* \(4 coords \+ 1 \+ 3 classes\), got 15 channels"
    )
    with pytest.raises(CfgError, match=message):
        build(channels=15, dialect=dialect)


@BOTH
def test_missing_anchors_are_a_half(dialect):
    network = build(anchors="anchors=1.25", dialect=dialect)
    assert network.heads[0].anchors.tolist() == [[1.25, 0.5], [0.5, 0.5]]


def test_its_anchors_are_not_in_the_state_dict():
    assert not build().state_dict()
