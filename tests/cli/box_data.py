"""A data set of boxes in the working folder, for the commands that find anchors."""

from pathlib import Path

import numpy as np

from darknet_torch.anchors.dataset import measure_box_sizes
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.datasets.opening import open_dataset

NET = "[net]\nwidth=64\nheight=32\nchannels=3\n{more}"
HEADS = """[convolutional]
filters=14
stride=8
[yolo]
mask=0,1
anchors=1,1, 2,2, 3,3, 4,4
classes=2
num=4
[route]
layers=0
[convolutional]
filters=14
stride=2
[yolo]
mask=2,3
anchors=1,1, 2,2, 3,3, 4,4
classes=2
num=4
"""


def write_box_data(folder: Path) -> None:
    """Write toy.data, with 60 boxes in 6 pictures, and toy.cfg, for inputs of 64 x 32."""
    random = np.random.default_rng(0)
    paths = []
    for index in range(6):
        lines = [
            f"{number % 2} 0.5 0.5 {width:.6f} {height:.6f}"
            for number, (width, height) in enumerate(np.exp(random.normal(-2, 0.5, (10, 2))))
        ]
        (folder / f"{index}.txt").write_text("\n".join(lines))
        paths.append(str(folder / f"{index}.jpg"))
    (folder / "train.list").write_text("\n".join(paths))
    (folder / "toy.data").write_text("classes=2\ntrain=train.list\n")
    (folder / "toy.cfg").write_text(NET.format(more=HEADS))


def boxes(height: int = 32, width: int = 64) -> BoxSizes:
    """The boxes of toy.data in pixels of an input of this size."""
    return measure_box_sizes(open_dataset("toy.data"), height, width).boxes
