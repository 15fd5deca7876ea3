"""[Gaussian_yolo]: forward and decoding against plain loops."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # exp and division in float32
ANCHORS = [(10.0, 14.0), (23.0, 27.0), (37.0, 58.0)]
HEIGHT, WIDTH = 32, 96
ROWS, COLUMNS = 2, 6


def build(options, *, channels):
    """A head for 2 classes on a map of 2x6 of an input of 32x96."""
    cfg = [f"[net]\nwidth={WIDTH}\nheight={HEIGHT}\nchannels={channels}\n[maxpool]\nstride=16"]
    anchors = ",".join(f"{w:g},{h:g}" for w, h in ANCHORS)
    cfg += ["[Gaussian_yolo]", "classes=2", "num=3", f"anchors={anchors}", *options.split()]
    network = build_network(parse_cfg("\n".join(cfg)))
    return network.heads[0]


def raw(channels):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, channels, ROWS, COLUMNS, generator=generator)


def logistic(x):
    return 1 / (1 + math.exp(-x))


def activated(x, boxes, scale=1.0):
    """The 11 values of each box: x, y in cells, w, h raw, each before its uncertainty."""
    out = x.copy()
    for n, box, value, i, j in np.ndindex(len(x), boxes, 11, ROWS, COLUMNS):
        at = n, box * 11 + value, i, j
        if value not in (4, 6):
            out[at] = logistic(x[at])
        if value in (0, 2):
            out[at] = out[at] * scale - 0.5 * (scale - 1)
    return out


def decoded(out, mask, shift):
    """Boxes, objectness and scores of one picture; `shift` of the box's size to its centre."""
    boxes, objectness, scores = [], [], []
    for i, j, slot in np.ndindex(ROWS, COLUMNS, len(mask)):
        values = out[slot * 11 : slot * 11 + 11, i, j]
        x, sigma_x, y, sigma_y, w, sigma_w, h, sigma_h, objectness_value, *each = values
        wide = math.exp(w) * ANCHORS[mask[slot]][0] / WIDTH
        high = math.exp(h) * ANCHORS[mask[slot]][1] / HEIGHT
        boxes.append(((j + x) / COLUMNS + shift * wide, (i + y) / ROWS + shift * high, wide, high))
        certainty = 1 - (sigma_x + sigma_y + sigma_w + sigma_h) / 4
        objectness.append(objectness_value)
        scores.append([objectness_value * one * certainty for one in each])
    return boxes, objectness, scores


KINDS = [
    ("", [0, 1, 2], 1, 0),
    ("mask=2,0", [2, 0], 1, 0),
    ("mask=1 scale_x_y=1.5", [1], 1.5, 0),
    ("mask=1 yolo_point=center", [1], 1, 0),
    ("mask=0,1 yolo_point=left_top", [0, 1], 1, 0.5),
    ("mask=0,1 yolo_point=right_bottom", [0, 1], 1, -0.5),
]


@pytest.mark.parametrize(("options", "mask", "scale", "shift"), KINDS)
def test_it_activates_all_but_the_means_of_widths_and_heights(options, mask, scale, shift):
    channels = 11 * len(mask)
    head, x = build(options, channels=channels), raw(channels)
    np.testing.assert_allclose(head(x), activated(x.double().numpy(), len(mask), scale), **CLOSE)


@pytest.mark.parametrize(("options", "mask", "scale", "shift"), KINDS)
def test_uncertain_boxes_score_less(options, mask, scale, shift):
    channels = 11 * len(mask)
    head, x = build(options, channels=channels), raw(channels)
    found = head.decode(head(x), HEIGHT, WIDTH)
    assert found.boxes.shape == (2, ROWS * COLUMNS * len(mask), 4)
    for n, picture in enumerate(activated(x.double().numpy(), len(mask), scale)):
        boxes, objectness, scores = decoded(picture, mask, shift)
        np.testing.assert_allclose(found.boxes[n], boxes, **CLOSE)
        np.testing.assert_allclose(found.objectness[n], objectness, **CLOSE)
        np.testing.assert_allclose(found.class_scores[n], scores, **CLOSE)


@pytest.mark.parametrize("kind", ["default", "greedynms", "diounms", "cornersnms"])
def test_its_options_reach_non_maximum_suppression(kind):
    head = build(f"nms_kind={kind} beta_nms=.7", channels=33)
    assert (head.nms_kind, head.beta_nms) == (kind, pytest.approx(0.7))


def test_its_defaults_are_those_of_plain_suppression():
    head = build("", channels=33)
    assert (head.nms_kind, head.beta_nms) == ("default", pytest.approx(0.6))


@pytest.mark.parametrize(
    ("options", "fallback"), [("nms_kind=cornernms", "default"), ("yolo_point=top_left", "center")]
)
def test_an_unknown_word_means_the_default(options, fallback):
    key, word = options.split("=")
    with pytest.warns(CfgWarning, match=rf"does not know {key} '{word}' and takes '{fallback}'"):
        head = build(options, channels=33)
    assert getattr(head.options, key) == fallback


def test_yolo_has_no_cornersnms():
    cfg = "[net]\nwidth=32\nheight=32\nchannels=7\n[yolo]\nclasses=2\nanchors=1,2\nnms_kind="
    with pytest.warns(CfgWarning, match="does not know nms_kind 'cornersnms'"):
        (head,) = build_network(parse_cfg(f"{cfg}cornersnms")).heads
    assert head.nms_kind == "default"


def test_the_channels_it_needs_are_named():
    message = r"expected 22 channels = 2 masks \* \(8 \+ 1 \+ 2 classes\), got 14 channels"
    with pytest.raises(CfgError, match=message):
        build("mask=0,1", channels=14)
