"""[Gaussian_yolo] and [detection]: forward and decoding against plain loops."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # exp and division in float32
ANCHORS = [(10.0, 14.0), (23.0, 27.0), (37.0, 58.0)]
HEIGHT, WIDTH = 32, 96
ROWS, COLUMNS = 2, 6


def gaussian(options, *, channels):
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
    """Of 11 values per box: x, y in cells, w, h raw, each before its uncertainty."""
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
        x, unsure_x, y, unsure_y, w, unsure_w, h, unsure_h, certain, *each = values
        wide = math.exp(w) * ANCHORS[mask[slot]][0] / WIDTH
        high = math.exp(h) * ANCHORS[mask[slot]][1] / HEIGHT
        boxes.append(((j + x) / COLUMNS + shift * wide, (i + y) / ROWS + shift * high, wide, high))
        sure = 1 - (unsure_x + unsure_y + unsure_w + unsure_h) / 4
        objectness.append(certain)
        scores.append([certain * one * sure for one in each])
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
def test_gaussian_activates_all_but_the_means_of_widths_and_heights(options, mask, scale, shift):
    channels = 11 * len(mask)
    head, x = gaussian(options, channels=channels), raw(channels)
    np.testing.assert_allclose(head(x), activated(x.double().numpy(), len(mask), scale), **CLOSE)


@pytest.mark.parametrize(("options", "mask", "scale", "shift"), KINDS)
def test_gaussian_boxes_score_less_the_less_sure_they_are(options, mask, scale, shift):
    channels = 11 * len(mask)
    head, x = gaussian(options, channels=channels), raw(channels)
    found = head.decode(head(x), HEIGHT, WIDTH)
    assert found.boxes.shape == (2, ROWS * COLUMNS * len(mask), 4)
    for n, picture in enumerate(activated(x.double().numpy(), len(mask), scale)):
        boxes, objectness, scores = decoded(picture, mask, shift)
        np.testing.assert_allclose(found.boxes[n], boxes, **CLOSE)
        np.testing.assert_allclose(found.objectness[n], objectness, **CLOSE)
        np.testing.assert_allclose(found.class_scores[n], scores, **CLOSE)


@pytest.mark.parametrize("kind", ["default", "greedynms", "diounms", "cornersnms"])
def test_gaussian_options_reach_non_maximum_suppression(kind):
    head = gaussian(f"nms_kind={kind} beta_nms=.7", channels=33)
    assert (head.nms_kind, head.beta_nms) == (kind, pytest.approx(0.7))


def test_gaussian_takes_plain_suppression_unless_told():
    head = gaussian("", channels=33)
    assert (head.nms_kind, head.beta_nms) == ("default", pytest.approx(0.6))


@pytest.mark.parametrize(
    ("options", "fallback"), [("nms_kind=cornernms", "default"), ("yolo_point=top_left", "center")]
)
def test_an_unknown_word_of_gaussian_means_the_usual(options, fallback):
    key, word = options.split("=")
    with pytest.warns(CfgWarning, match=rf"does not know {key} '{word}' and takes '{fallback}'"):
        head = gaussian(options, channels=33)
    assert getattr(head.options, key) == fallback


def test_corners_nms_is_gaussians_alone():
    cfg = "[net]\nwidth=32\nheight=32\nchannels=7\n[yolo]\nclasses=2\nanchors=1,2\nnms_kind="
    with pytest.warns(CfgWarning, match="does not know nms_kind 'cornersnms'"):
        (head,) = build_network(parse_cfg(f"{cfg}cornersnms")).heads
    assert head.nms_kind == "default"


def test_gaussian_names_the_filters_it_needs():
    message = r"expected 22 channels = 2 masks \* \(8 \+ 1 \+ 2 classes\), got 14 channels"
    with pytest.raises(CfgError, match=message):
        gaussian("mask=0,1", channels=14)


SIDE, CLASSES, NUMBER = 3, 4, 2
CELLS = SIDE**2
VALUES = CELLS * (CLASSES + NUMBER * 5)


def detection(options="", *, inputs=VALUES, coords=4, dialect="alexeyab"):
    cfg = [f"[net]\ninputs={inputs}", "[detection]", f"side={SIDE}", f"classes={CLASSES}"]
    cfg += [f"num={NUMBER}", f"coords={coords}", *options.split()]
    return build_network(parse_cfg("\n".join(cfg)), dialect=find_dialect(dialect))


def values():
    return torch.randn(2, VALUES, generator=torch.Generator().manual_seed(1))


def with_softmax(flat):
    out = flat.copy()
    for n, cell in np.ndindex(2, CELLS):
        part = slice(cell * CLASSES, (cell + 1) * CLASSES)
        raised = np.exp(flat[n, part] - flat[n, part].max())
        out[n, part] = raised / raised.sum()
    return out


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("softmax", [0, 1])
def test_detection_leaves_everything_but_the_classes_as_it_is(softmax, dialect):
    (out,) = detection(f"softmax={softmax}", dialect=dialect)(values())
    flat = values().double().numpy()
    expected = with_softmax(flat) if softmax else flat
    np.testing.assert_allclose(out.flatten(1), expected, **CLOSE)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("softmax", [0, 1])
@pytest.mark.parametrize("sqrt", [0, 1])
def test_detection_boxes_share_the_classes_of_their_cell(sqrt, softmax, dialect):
    network = detection(f"softmax={softmax} sqrt={sqrt}", dialect=dialect)
    (head,), (out,) = network.heads, network(values())
    found = head.decode(out, 448, 448)
    flat = values().double().numpy()
    for n, memory in enumerate(with_softmax(flat) if softmax else flat):
        boxes, scores = [], []
        for cell, box in np.ndindex(CELLS, NUMBER):
            confidence = memory[CELLS * CLASSES + cell * NUMBER + box]
            first = CELLS * (CLASSES + NUMBER) + (cell * NUMBER + box) * 4
            x, y, w, h = memory[first : first + 4]
            row, column = divmod(cell, SIDE)
            size = (w**2, h**2) if sqrt else (w, h)
            boxes.append(((x + column) / SIDE, (y + row) / SIDE, *size))
            scores.append([confidence * one for one in memory[cell * CLASSES :][:CLASSES]])
        np.testing.assert_allclose(found.boxes[n], boxes, **CLOSE)
        np.testing.assert_allclose(found.class_scores[n], scores, **CLOSE)


def test_confidence_alone_keeps_no_box_of_detection_out():
    network = detection()
    found = network.heads[0].decode(network(values())[0], 448, 448)
    assert found.objectness.shape == found.class_scores.shape[:2] == (2, CELLS * NUMBER)
    assert (found.objectness == 1).all()


def test_detection_reads_a_connected_layer():
    cfg = f"[net]\ninputs=6\n[connected]\noutput={VALUES}\nactivation=linear\n"
    cfg += f"[detection]\nside={SIDE}\nclasses={CLASSES}\nnum={NUMBER}\ncoords=4\nsoftmax=1"
    network = build_network(parse_cfg(cfg))
    (out,) = network(torch.randn(3, 6))
    assert out.flatten(1).shape == (3, VALUES)
    shares = out.flatten(1)[:, : CELLS * CLASSES].unflatten(1, (CELLS, CLASSES)).sum(-1)
    torch.testing.assert_close(shares, torch.ones(3, CELLS))


def test_detection_names_the_outputs_it_needs():
    message = (
        rf"<cfg>:3: \[detection\] needs output={VALUES} in the layer before it \(<cfg>:1\): "
        rf"expected {VALUES} = 3\^2 cells \* \(\(1 \+ 4 coords\) \* 2 boxes \+ 4 classes\), "
        rf"got {VALUES - 1} values"
    )
    with pytest.raises(CfgError, match=message):
        detection(inputs=VALUES - 1)


@pytest.mark.parametrize("coords", [1, 3])
def test_fewer_than_four_coordinates_make_no_box(coords):
    with pytest.raises(CfgError, match="coords"):
        detection(inputs=CELLS * (CLASSES + NUMBER * (1 + coords)), coords=coords)
