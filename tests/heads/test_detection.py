"""[detection]: forward and decoding against plain loops."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # exp and division in float32
SIDE, CLASSES, NUMBER = 3, 4, 2
CELLS = SIDE**2
VALUES = CELLS * (CLASSES + NUMBER * 5)


def build(options="", *, inputs=VALUES, coords=4, dialect="alexeyab"):
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
def test_it_changes_nothing_but_the_classes(softmax, dialect):
    (out,) = build(f"softmax={softmax}", dialect=dialect)(values())
    flat = values().double().numpy()
    expected = with_softmax(flat) if softmax else flat
    np.testing.assert_allclose(out.flatten(1), expected, **CLOSE)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("softmax", [0, 1])
@pytest.mark.parametrize("sqrt", [0, 1])
def test_boxes_share_the_classes_of_their_cell(sqrt, softmax, dialect):
    network = build(f"softmax={softmax} sqrt={sqrt}", dialect=dialect)
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


def test_the_confidence_alone_drops_no_box():
    network = build()
    found = network.heads[0].decode(network(values())[0], 448, 448)
    assert found.objectness.shape == found.class_scores.shape[:2] == (2, CELLS * NUMBER)
    assert (found.objectness == 1).all()


def test_it_reads_a_connected_layer():
    cfg = f"[net]\ninputs=6\n[connected]\noutput={VALUES}\nactivation=linear\n"
    cfg += f"[detection]\nside={SIDE}\nclasses={CLASSES}\nnum={NUMBER}\ncoords=4\nsoftmax=1"
    network = build_network(parse_cfg(cfg))
    (out,) = network(torch.randn(3, 6))
    assert out.flatten(1).shape == (3, VALUES)
    shares = out.flatten(1)[:, : CELLS * CLASSES].unflatten(1, (CELLS, CLASSES)).sum(-1)
    torch.testing.assert_close(shares, torch.ones(3, CELLS))


def test_the_outputs_it_needs_are_named():
    message = (
        rf"<cfg>:3: \[detection\] needs output={VALUES} in the layer before it \(<cfg>:1\): "
        rf"expected {VALUES} = 3\^2 cells \* \(\(1 \+ 4 coords\) \* 2 boxes \+ 4 classes\), "
        rf"got {VALUES - 1} values"
    )
    with pytest.raises(CfgError, match=message):
        build(inputs=VALUES - 1)


@pytest.mark.parametrize("factor", [-1, 3.4e38])
def test_random_is_a_factor_of_multi_scale_training(factor):
    with pytest.raises(CfgError, match="'random' is out of its bounds"):
        build(f"random={factor}")


@pytest.mark.parametrize("coords", [1, 3])
def test_fewer_than_four_coordinates_are_refused(coords):
    with pytest.raises(CfgError, match="coords"):
        build(inputs=CELLS * (CLASSES + NUMBER * (1 + coords)), coords=coords)
