"""[yolo]: forward and decoding against plain loops."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # exp and division in float32
ANCHORS = [(10.0, 14.0), (23.0, 27.0), (37.0, 58.0), (81.0, 82.0)]
ANCHOR_TEXT = "anchors=" + ",".join(f"{w:g},{h:g}" for w, h in ANCHORS)
HEIGHT, WIDTH = 32, 96


def build(options="num=4", *, channels=21, dialect="alexeyab", anchors=ANCHOR_TEXT, classes=2):
    """A head on a map of 2x6, `channels` deep, of an input of 32x96."""
    cfg = [f"[net]\nwidth={WIDTH}\nheight={HEIGHT}\nchannels={channels}\n[maxpool]\nstride=16"]
    cfg += ["[yolo]", f"classes={classes}", anchors, *options.split()]
    return build_network(parse_cfg("\n".join(cfg)), dialect=find_dialect(dialect))


def raw(channels, count=2):
    return torch.randn(count, channels, 2, 6, generator=torch.Generator().manual_seed(1))


def logistic(x):
    return 1 / (1 + math.exp(-x))


def activated(x, boxes, classes, scale_x_y=1.0, new_coords=False):
    out = x.copy()
    for n, box, value, i, j in np.ndindex(len(x), boxes, 5 + classes, 2, 6):
        at = n, box * (5 + classes) + value, i, j
        if value not in (2, 3) and not new_coords:
            out[at] = logistic(x[at])
        if value < 2:
            out[at] = out[at] * scale_x_y - 0.5 * (scale_x_y - 1)
    return out


def decoded(out, mask, classes, new_coords=False):
    """Boxes, objectness and scores of one picture, position by position."""
    boxes, objectness, scores = [], [], []
    for i, j, slot in np.ndindex(2, 6, len(mask)):
        x, y, w, h, certain, *each = out[slot * (5 + classes) : (slot + 1) * (5 + classes), i, j]
        anchor = ANCHORS[mask[slot]]
        wide, high = (w * w * 4, h * h * 4) if new_coords else (math.exp(w), math.exp(h))
        boxes.append(
            ((j + x) / 6, (i + y) / 2, wide * anchor[0] / WIDTH, high * anchor[1] / HEIGHT)
        )
        objectness.append(certain)
        scores.append([certain * one for one in each])
    return boxes, objectness, scores


KINDS = [
    ("num=4 mask=1,3,0", [1, 3, 0], 1, False),
    ("num=4 mask=2", [2], 1, False),
    ("num=4", [0, 1, 2, 3], 1, False),
    ("num=4 mask=0,1 scale_x_y=1.2", [0, 1], 1.2, False),
    ("num=4 mask=0,1 scale_x_y=2 new_coords=1", [0, 1], 2, True),
    ("num=4 mask=0,1 new_coords=1", [0, 1], 1, True),
]


@pytest.mark.parametrize(("options", "mask", "scale", "new_coords"), KINDS)
def test_it_activates_all_but_widths_and_heights(options, mask, scale, new_coords):
    network = build(options, channels=7 * len(mask))
    x = raw(7 * len(mask))
    expected = activated(x.double().numpy(), len(mask), 2, scale, new_coords)
    np.testing.assert_allclose(network.layers[1](x), expected, **CLOSE)


@pytest.mark.parametrize(("options", "mask", "scale", "new_coords"), KINDS)
def test_boxes_are_fractions_of_a_network_input_that_is_not_square(
    options, mask, scale, new_coords
):
    network = build(options, channels=7 * len(mask))
    (head,) = network.heads
    x = raw(7 * len(mask))
    found = head.decode(head(x), HEIGHT, WIDTH)
    assert found.boxes.shape == (2, 12 * len(mask), 4)
    activations = activated(x.double().numpy(), len(mask), 2, scale, new_coords)
    for n, picture in enumerate(activations):
        boxes, objectness, scores = decoded(picture, mask, 2, new_coords)
        np.testing.assert_allclose(found.boxes[n], boxes, **CLOSE)
        np.testing.assert_allclose(found.objectness[n], objectness, **CLOSE)
        np.testing.assert_allclose(found.class_scores[n], scores, **CLOSE)


def test_pjreddie_ignores_scale_x_y_and_new_coords():
    with pytest.warns(CfgWarning, match="an option of alexeyab/darknet"):
        network = build("num=4 mask=0,1 scale_x_y=2 new_coords=1", channels=14, dialect="pjreddie")
    x = raw(14)
    np.testing.assert_allclose(network.layers[1](x), activated(x.double().numpy(), 2, 2), **CLOSE)


def test_a_larger_input_shrinks_the_anchors_share():
    (head,) = build("num=4 mask=0", channels=7).heads
    out = head(raw(7, count=1))
    small, large = head.decode(out, HEIGHT, WIDTH).boxes, head.decode(out, 64, 192).boxes
    torch.testing.assert_close(large[..., 2:] * 2, small[..., 2:])
    torch.testing.assert_close(large[..., :2], small[..., :2])


@pytest.mark.parametrize(
    ("options", "channels", "message"),
    [
        ("num=4 mask=0,1", 21, r"14 channels = 2 masks \* \(4 \+ 1 \+ 2 classes\), got 21"),
        ("num=3", 20, "21 channels = 3 masks"),
        ("num=3 mask=-1", 7, "'mask' is out of its bounds"),
        ("num=1 random=-1", 7, "'random' is out of its bounds"),
        ("num=3 counters_per_class=4,5,6", 21, "counters_per_class does not fit classes"),
        ("num=3 embedding_layer=7", 21, "embedding_layer=7 means layer 7, which is not before"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(options, channels, message):
    anchors = "anchors=1,2,3,4,5,6" if "num=3" in options else ANCHOR_TEXT
    with pytest.raises(CfgError, match=rf"<cfg>:\d+: .*{message}"):
        build(options, channels=channels, anchors=anchors)


def test_wrong_filters_are_refused_with_their_place():
    cfg = f"[net]\nwidth={WIDTH}\nheight={HEIGHT}\nchannels=3\n[convolutional]\nfilters=20\n"
    cfg += f"[yolo]\nclasses=2\nnum=4\nmask=0,1,3\n{ANCHOR_TEXT}"
    with pytest.raises(CfgError, match=r"<cfg>:7: .*filters=21 .*<cfg>:5.* got 20 channels"):
        build_network(parse_cfg(cfg))


def test_a_mask_beyond_num_reads_further_anchors_with_a_warning():
    with pytest.warns(CfgWarning, match="mask= names an anchor beyond num=3"):
        network = build("num=3 mask=1,3", channels=14)
    assert network.heads[0].anchors.tolist() == [[23, 27], [81, 82]]


def test_missing_anchors_are_a_half_with_a_warning():
    with pytest.warns(CfgWarning, match="anchors do not fit num=3: expected 6 numbers, got 3"):
        network = build("num=3 mask=1,2", channels=14, anchors="anchors=10,14,23")
    assert network.heads[0].anchors.tolist() == [[23, 0.5], [0.5, 0.5]]


def test_surplus_anchors_are_ignored():
    with pytest.warns(CfgWarning, match="anchors do not fit num=2: expected 4 numbers, got 8"):
        network = build("num=2", channels=14)
    assert network.heads[0].anchors.tolist() == [[10, 14], [23, 27]]


def test_its_options_reach_non_maximum_suppression():
    (head,) = build("num=4 mask=0 nms_kind=diounms beta_nms=.7", channels=7).heads
    assert (head.nms_kind, head.beta_nms) == ("diounms", pytest.approx(0.7))
    assert build("num=4 mask=0", channels=7).heads[0].nms_kind == "default"


def test_its_anchors_are_not_in_the_state_dict():
    assert not build("num=4 mask=0", channels=7).state_dict()
