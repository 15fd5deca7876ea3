"""A [yolo] with three square anchors, and truths of given cells and sizes."""

import torch

from darknet_torch.losses.yolo import YoloLoss
from tests.losses.cases import COLUMNS, HEIGHT, ROWS, WIDTH, build, loss_context

ANCHORS = [(8, 8), (16, 16), (32, 32)]


def yolo_computation(rows, options="", mask="0,1,2"):
    """The loss of a [yolo] with three anchors for the truth rows of one picture.

    All predicted class scores and objectness values are 0.5.
    """
    anchors = ",".join(f"{width},{height}" for width, height in ANCHORS)
    count = len(mask.split(","))
    section = f"[yolo]\nanchors={anchors}\nnum=3\nclasses=2\nmask={mask}\n{options}"
    head = build(section, count * 7)
    output = head(torch.zeros(1, count * 7, ROWS, COLUMNS))
    return YoloLoss(head, output, torch.tensor(rows).reshape(1, -1, 5), loss_context(head), 4)


def row(column, line, size, class_id=0):
    """A truth row: a square of `size` pixels in the middle of a cell."""
    return [(column + 0.5) / COLUMNS, (line + 0.5) / ROWS, size / WIDTH, size / HEIGHT, class_id]


def assigned(found):
    """The boxes of matches, flat in [N, boxes, H, W]."""
    return [
        ((picture * 3 + box) * ROWS + line) * COLUMNS + column
        for picture, box, line, column in zip(*(part.tolist() for part in found.at), strict=True)
    ]
