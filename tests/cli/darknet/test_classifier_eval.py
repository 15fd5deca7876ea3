"""`dtorch classifier valid`, and `dtorch eval` of classifiers."""

import json

import cv2
import numpy as np
import pytest
import torch

from darknet_torch import build_network
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.weights import write_weights
from tests.cli.command import dtorch

NAMES = ("blue", "green", "red")
CFG = """[net]
width=4
height=4
channels=3
[convolutional]
filters=3
size=1
stride=1
activation=linear
[avgpool]
[softmax]
"""


@pytest.fixture
def model(tmp_path):
    """Says which of blue, green and red is brightest."""
    network = build_network(parse_cfg(CFG))
    arrays = {slot.name: slot.tensor for slot in network.layers[0].weight_slots()}
    with torch.no_grad():
        arrays["biases"].zero_()
        # Channels come as red, green, blue.
        arrays["weights"].copy_(torch.eye(3).flip(0).reshape(arrays["weights"].shape) * 5)
    (tmp_path / "colours.cfg").write_text(CFG)
    write_weights(network, tmp_path / "colours.weights")
    return tmp_path / "colours.cfg"


# A picture's name, its colour in BGR, and what is right by name: green's second guess too.
PICTURES = {
    "a_blue.png": (200, 30, 10),
    "b_blue.png": (210, 20, 0),
    "c_green.png": (200, 150, 0),
    "d_red.png": (200, 150, 0),
    "e_none.png": (0, 0, 200),
}


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in PICTURES.items():
        cv2.imwrite(str(folder / name), np.full((5, 6, 3), colour, np.uint8))
    (tmp_path / "labels.txt").write_text("\n".join(NAMES) + "\n")
    (tmp_path / "list.txt").write_text("".join(f"{folder / name}\n" for name in PICTURES))
    file = tmp_path / "colours.data"
    file.write_text("classes=3\nlabels=labels.txt\nvalid=list.txt\ntop=2\n")
    return file


def test_valid_tells_how_often_it_is_right(model, data):
    result = dtorch("classifier", "valid", data, model, model.with_suffix(".weights"))
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "4: top 1: 0.400000, top 2: 0.600000"
    assert [line.split() for line in lines[3:]] == [
        ["blue", "2", "100.00", "100.00"],
        ["green", "1", "0.00", "100.00"],
        ["red", "1", "0.00", "0.00"],
    ]


def test_eval_judges_classifiers_too(model, data):
    result = dtorch("eval", "--cfg", model, "--data", data, "--format", "json", "--batch", "3")
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert (content["top_1"], content["top_k"], content["top"]) == (0.4, 0.6, 2)
    assert (content["pictures"], content["unknown"]) == (5, 1)
    assert content["classes"][1]["top_1"] == 0


def test_a_tree_of_folders_is_judged(model, tmp_path):
    for name, colour in zip(NAMES, ((9, 0, 0), (0, 9, 0), (9, 0, 0)), strict=True):
        folder = tmp_path / "tree" / "val" / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "x.png"), np.full((5, 6, 3), colour, np.uint8))
    result = dtorch("eval", "--cfg", model, "--data", tmp_path / "tree", "--format", "json")
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert content["pictures"] == 3
    assert content["top_1"] == pytest.approx(2 / 3)


def test_a_picture_that_fails_is_left_out(model, data):
    (data.parent / "pictures" / "a_blue.png").write_bytes(b"no picture")
    result = dtorch("classifier", "valid", data, model)
    assert result.exit_code == 1
    assert "a_blue.png" in result.stderr
    assert result.stdout.startswith("3: top 1: 0.250000, ")
