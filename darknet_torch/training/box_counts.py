"""How many boxes of a data set a detector can use, and why not the others. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from darknet_torch.datasets.examples import Example
from darknet_torch.datasets.label_rule import count_wrong_boxes, seem_to_count_from_one


@dataclass(frozen=True)
class BoxCounts:
    """The boxes of a data set.

    Attributes:
        classes: number of classes of the network.
        total: number of boxes.
        wrong: kind of fault -> the boxes that are left out for it.
        lowest, highest: the lowest and the highest class id; 0 without boxes.
    """

    classes: int
    total: int
    wrong: dict[str, int]
    lowest: int = 0
    highest: int = 0

    @property
    def usable(self) -> int:
        """Boxes that a detector can be trained and evaluated on."""
        return self.total - sum(self.wrong.values())

    @property
    def seem_to_count_from_one(self) -> bool:
        """Whether the classes are 1 to `classes`, as other tools count them."""
        return self.total > 0 and seem_to_count_from_one(self.lowest, self.highest, self.classes)

    def __str__(self) -> str:
        if not self.total:
            return "no boxes"
        listed = ", ".join(f"{count} x {kind}" for kind, count in self.wrong.items() if count)
        ids = f" (class ids {self.lowest}..{self.highest})"
        return f"{self.total} boxes{ids}: {listed or 'all usable'}"


def count_boxes(examples: Iterable[Example], classes: int) -> BoxCounts:
    """Count the boxes that a detector with `classes` classes can use."""
    examples = list(examples)
    ids = [example.labels.class_ids for example in examples if example.labels is not None]
    together = np.concatenate([np.zeros(0, np.int64), *ids])
    if not len(together):
        return BoxCounts(classes, 0, {})
    return BoxCounts(
        classes,
        len(together),
        count_wrong_boxes(examples, classes),
        int(together.min()),
        int(together.max()),
    )
