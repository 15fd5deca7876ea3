"""How many boxes of a data set a detector can use, and why not the others. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from darknet_torch.augment.truths import outside_picture
from darknet_torch.datasets.examples import Labels


@dataclass(frozen=True)
class BoxCounts:
    """The boxes of a data set.

    Attributes:
        classes: number of classes of the network.
        total: number of boxes.
        unknown_class: boxes of a class that the network does not have.
        outside: boxes of a known class outside of their pictures.
        empty: the other boxes without width or height.
        lowest, highest: the lowest and the highest class id; 0 without boxes.
    """

    classes: int
    total: int = 0
    unknown_class: int = 0
    outside: int = 0
    empty: int = 0
    lowest: int = 0
    highest: int = 0

    @property
    def usable(self) -> int:
        """Boxes that a detector can be trained and evaluated on."""
        return self.total - self.unknown_class - self.outside - self.empty

    @property
    def seem_to_count_from_one(self) -> bool:
        """Whether the classes are 1 to `classes`, as other tools count them."""
        return self.total > 0 and self.lowest >= 1 and self.highest == self.classes

    def __str__(self) -> str:
        if not self.total:
            return "no boxes"
        reasons = {
            f"of unknown classes (ids {self.lowest}..{self.highest})": self.unknown_class,
            "outside of their pictures": self.outside,
            "without width or height": self.empty,
        }
        listed = [f"{count} {reason}" for reason, count in reasons.items() if count]
        return f"{self.total} boxes: {', '.join(listed) or 'all usable'}"


def count_boxes(labels: Iterable[Labels], classes: int) -> BoxCounts:
    """Count the boxes that a detector with `classes` classes can use.

    Source: data.c fill_truth_detection, which leaves the others out (AlexeyAB).
    """
    found = [item for item in labels if len(item)]
    if not found:
        return BoxCounts(classes)
    ids = np.concatenate([item.class_ids for item in found])
    boxes = np.concatenate([item.boxes for item in found])
    unknown = (ids < 0) | (ids >= classes)
    outside = ~unknown & outside_picture(boxes)
    empty = ~unknown & ~outside & (boxes[:, 2:] <= 0).any(1)
    return BoxCounts(
        classes,
        len(ids),
        int(unknown.sum()),
        int(outside.sum()),
        int(empty.sum()),
        int(ids.min()),
        int(ids.max()),
    )
