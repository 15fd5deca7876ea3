"""The boxes of a data set as the network's input sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.datasets.model import DataSet, Example
from darknet_torch.datasets.pictures import picture_size
from darknet_torch.errors import UsageError
from darknet_torch.media.images import letterbox_placement


@dataclass(frozen=True)
class Measured:
    """The box sizes of a data set.

    Attributes:
        boxes: in pixels of the network's input.
        without_size: boxes left out since their width or height is not above 0.
        difficult: boxes left out since they are marked difficult, or as a crowd.
    """

    boxes: BoxSizes
    without_size: int
    difficult: int


def measure(data_set: DataSet, height: int, width: int, *, letterbox: bool = False) -> Measured:
    """The box sizes of `data_set` in an input of `height` x `width` pixels.

    Args:
        letterbox: pictures keep their aspect, which makes their boxes smaller than stretched.

    Raises:
        UsageError: no box is left.
        ImageError: letterboxed, and a picture whose size the data set does not say cannot
            be read.
    """
    sizes, difficult = [np.empty((0, 2))], 0
    for example in data_set.examples:
        if example.labels is None or not len(example.labels):
            continue
        kept = ~example.labels.difficult
        difficult += int((~kept).sum())
        inner = _inner_size(example, height, width) if letterbox else (width, height)
        sizes.append(example.labels.boxes[kept, 2:] * inner)
    together = np.concatenate(sizes)
    usable = (np.isfinite(together) & (together > 0)).all(1)
    if not usable.any():
        raise UsageError(
            "no boxes to fit anchors to",
            where=data_set.origin,
            expected="at least one labelled box",
            got=f"{len(data_set.examples)} pictures, {len(together)} boxes without a size, "
            f"{difficult} difficult ones",
        )
    return Measured(BoxSizes.of(together[usable]), int((~usable).sum()), difficult)


def _inner_size(example: Example, height: int, width: int) -> tuple[int, int]:
    """Width and height, pixels, of a picture inside a letterboxed input."""
    own_height, own_width = example.size or picture_size(example.path)
    placement = letterbox_placement(own_height, own_width, height, width)
    return placement.inner_width, placement.inner_height


def class_counts(data_set: DataSet) -> list[int]:
    """How many boxes each class has. Source: detector.c calc_anchors, counters_per_class."""
    ids = [example.labels.class_ids for example in data_set.examples if example.labels is not None]
    together = np.concatenate([np.empty(0, np.int64), *ids])
    return np.bincount(together[together >= 0], minlength=len(data_set.names)).tolist()
