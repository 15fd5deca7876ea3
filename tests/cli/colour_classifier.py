"""A classifier of colours, and pictures for it."""

from pathlib import Path

import cv2
import numpy as np
import torch

from darknet_torch import build_network
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.weights import write_weights

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
# For pictures of which only the text of the results matters.
TWO_COLOURS = """[net]
width=2
height=2
channels=3
[convolutional]
filters=2
[avgpool]
[softmax]
"""


def write_model(root: Path) -> Path:
    """Write a classifier that says which of blue, green and red is brightest; return its cfg."""
    network = build_network(parse_cfg(CFG))
    arrays = {slot.name: slot.tensor for slot in network.layers[0].weight_slots()}
    with torch.no_grad():
        arrays["biases"].zero_()
        # Channels come as red, green, blue.
        arrays["weights"].copy_(torch.eye(3).flip(0).reshape(arrays["weights"].shape) * 5)
    (root / "colours.cfg").write_text(CFG)
    write_weights(network, root / "colours.weights")
    return root / "colours.cfg"


# Name of a picture: its colour in BGR. The class is in the name; green is the second guess.
PICTURES = {
    "a_blue.png": (200, 30, 10),
    "b_blue.png": (210, 20, 0),
    "c_green.png": (200, 150, 0),
    "d_red.png": (200, 150, 0),
    "e_none.png": (0, 0, 200),
}


def write_pictures(root: Path) -> Path:
    """Write five pictures and their .data file; return that."""
    folder = root / "pictures"
    folder.mkdir()
    for name, colour in PICTURES.items():
        cv2.imwrite(str(folder / name), np.full((5, 6, 3), colour, np.uint8))
    (root / "labels.txt").write_text("\n".join(NAMES) + "\n")
    (root / "list.txt").write_text("".join(f"{folder / name}\n" for name in PICTURES))
    file = root / "colours.data"
    file.write_text("classes=3\nlabels=labels.txt\nvalid=list.txt\ntop=2\n")
    return file
