"""The losses of a box and the truth that it is paired with.

Each takes `BoxPairs` and returns [P], differentiable. A new one is a function, its row in
`BOX_LOSSES` and its name in `settings`. Products are written out: PyTorch's gradient of ``prod``
reads back from the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

_SMALL = 1e-7  # pixels, or a ratio: keeps a division by 0 from happening


@dataclass(frozen=True)
class BoxPairs:
    """P predicted boxes and their truths, in two forms.

    Attributes:
        predicted, truths: [P, 4] centre x, centre y, width, height in pixels of the network's
            input; sizes of truths are above 0.
        encoded, encoded_truths: [P, 4] the centre in cells from the corner of the cell; width and
            height as the head's input has them, such as the logarithm of the size in anchors.
    """

    predicted: Tensor
    truths: Tensor
    encoded: Tensor
    encoded_truths: Tensor


def mse_loss(pairs: BoxPairs) -> Tensor:
    """Sum of the four squared differences of the encoded boxes. Source: YOLOv3, section 2.1."""
    return (pairs.encoded - pairs.encoded_truths).square().sum(-1)


def iou_loss(pairs: BoxPairs) -> Tensor:
    """1 less the IoU: of boxes that do not meet, the gradient is 0."""
    return 1 - box_iou(pairs.predicted, pairs.truths)


def giou_loss(pairs: BoxPairs) -> Tensor:
    """1 less the GIoU. Source: Rezatofighi et al., "Generalized Intersection over Union"."""
    intersection, union = _intersection_and_union(pairs.predicted, pairs.truths)
    area = _area(_enclosing(pairs.predicted, pairs.truths))
    return 1 - intersection / union + (area - union) / area


def diou_loss(pairs: BoxPairs) -> Tensor:
    """1 less the DIoU. Source: Zheng et al., "Distance-IoU Loss", equation 7."""
    offset = pairs.predicted[:, :2] - pairs.truths[:, :2]
    diagonal = _enclosing(pairs.predicted, pairs.truths).square().sum(-1)
    return iou_loss(pairs) + offset.square().sum(-1) / diagonal


def ciou_loss(pairs: BoxPairs) -> Tensor:
    """1 less the CIoU; its factor alpha counts as a constant.

    Source: Zheng et al., "Distance-IoU Loss", equations 8 to 12, and the authors' code.
    """
    difference = _diagonal_angle(pairs.truths) - _diagonal_angle(pairs.predicted)
    v = 4 / (math.pi * math.pi) * difference.square()
    with torch.no_grad():
        alpha = v / (iou_loss(pairs) + v + _SMALL)
    return diou_loss(pairs) + alpha * v


BOX_LOSSES: Mapping[str, Callable[[BoxPairs], Tensor]] = {
    "mse": mse_loss,
    "iou": iou_loss,
    "giou": giou_loss,
    "diou": diou_loss,
    "ciou": ciou_loss,
}


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """[P] IoU of boxes [P, 4], one of each pair of a size above 0."""
    intersection, union = _intersection_and_union(a, b)
    return intersection / union


def _intersection_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    low = torch.maximum(*(box[:, :2] - box[:, 2:] / 2 for box in (a, b)))
    high = torch.minimum(*(box[:, :2] + box[:, 2:] / 2 for box in (a, b)))
    intersection = _area((high - low).clamp(min=0))
    return intersection, _area(a[:, 2:]) + _area(b[:, 2:]) - intersection


def _enclosing(a: Tensor, b: Tensor) -> Tensor:
    """[P, 2] width and height of the smallest box around both."""
    low = torch.minimum(*(box[:, :2] - box[:, 2:] / 2 for box in (a, b)))
    high = torch.maximum(*(box[:, :2] + box[:, 2:] / 2 for box in (a, b)))
    return high - low


def _area(size: Tensor) -> Tensor:
    return size[:, 0] * size[:, 1]


def _diagonal_angle(box: Tensor) -> Tensor:
    return (box[:, 2] / (box[:, 3] + _SMALL)).atan()
