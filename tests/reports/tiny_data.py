"""A tiny detector and a data set of two pictures, in the working folder of a test."""

from pathlib import Path

import cv2
import numpy as np

CFG = """[net]
batch=1
width=32
height=32
channels=3
max_batches=1
[convolutional]
filters=7
size=1
stride=32
activation=linear
[yolo]
classes=2
num=1
anchors=8,8
"""
PICTURES = ("one.png", "two.png")


def write_data_set(folder: Path) -> list[str]:
    """Write tiny.cfg, and pictures with labels and names in `folder`; return the pictures."""
    Path("tiny.cfg").write_text(CFG)
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(PICTURES):
        picture = np.random.default_rng(seed).integers(0, 255, (32, 32, 3), np.uint8)
        (folder / name).write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        (folder / name).with_suffix(".txt").write_text("0 .5 .5 .25 .25\n1 .25 .5 .5 .25\n")
    (folder / "obj.names").write_text("circle\nsquare\n")
    return [(folder / name).as_posix() for name in PICTURES]


def write_lists(folder: Path, lines: list[str]) -> None:
    """Write all lines but the last to train.txt in `folder`, and the last to valid.txt."""
    for key, chosen in (("train", lines[:-1]), ("valid", lines[-1:])):
        (folder / f"{key}.txt").write_bytes("".join(f"{line}\n" for line in chosen).encode())
