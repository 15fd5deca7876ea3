"""The box sizes of a data set in pixels of the network's input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.datasets.examples import DataSet, Example
from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
from darknet_torch.errors import UsageError
from darknet_torch.media.images import letterbox_placement


@dataclass(frozen=True)
class MeasuredBoxes:
    """The box sizes of a data set.

    Attributes:
        boxes: the sizes in pixels of the network's input.
        difficult: number of boxes left out because they are marked difficult or as a crowd.
    """

    boxes: BoxSizes
    difficult: int


def measure_box_sizes(
    data_set: DataSet, height: int, width: int, *, letterbox: bool = False
) -> MeasuredBoxes:
    """Measure the boxes of a data set in an input of `height` x `width` pixels.

    Args:
        data_set: the labelled pictures; the boxes that `leave_out_wrong_boxes` names are left
            out.
        height: height of the network's input in pixels.
        width: width of the network's input in pixels.
        letterbox: pictures keep their aspect ratio, so boxes are smaller than if stretched.

    Raises:
        UsageError: no usable box is left.
        ImageError: `letterbox` is set, and a picture of unknown size cannot be read.
    """
    sizes, difficult = [np.empty((0, 2))], 0
    for example in leave_out_wrong_boxes(data_set).examples:
        if example.labels is None or not len(example.labels):
            continue
        kept = ~example.labels.difficult
        difficult += int((~kept).sum())
        inner = _inner_size(example, height, width) if letterbox else (width, height)
        sizes.append(example.labels.boxes[kept, 2:] * inner)
    all_sizes = np.concatenate(sizes)
    if not len(all_sizes):
        raise UsageError(
            "no boxes to fit anchors to",
            where=data_set.origin,
            expected="at least one labelled box",
            got=f"{len(data_set.examples)} pictures, {difficult} difficult boxes and no other "
            "usable one",
            fix="dtorch dataset check names the boxes that cannot be used",
        )
    return MeasuredBoxes(BoxSizes.from_sizes(all_sizes), difficult)


def _inner_size(example: Example, height: int, width: int) -> tuple[int, int]:
    """Width and height in pixels of a picture inside a letterboxed input."""
    picture_height, picture_width = example.measure()
    placement = letterbox_placement(picture_height, picture_width, height, width)
    return placement.inner_width, placement.inner_height


def count_boxes_per_class(data_set: DataSet) -> list[int]:
    """The number of boxes of each class. Source: detector.c calc_anchors, counters_per_class."""
    ids = [example.labels.class_ids for example in data_set.examples if example.labels is not None]
    all_sizes = np.concatenate([np.empty(0, np.int64), *ids])
    return np.bincount(all_sizes[all_sizes >= 0], minlength=len(data_set.names)).tolist()
