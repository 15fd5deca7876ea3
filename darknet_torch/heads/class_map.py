"""The classes that labels may have, with and without a map= file."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.base import Head


def class_map(head: Head, device: torch.device) -> Tensor | None:
    """The class of `head` for each class of the labels, [label classes] int64; None without map=.

    Raises:
        CfgError: the file of map= does not exist, or does not hold such numbers.
    """
    if head.class_map is None:
        return None
    return torch.tensor(head.class_map, device=device)


def count_known_labels(head: Head, ids: Tensor | None, *, checked: bool) -> int:
    """Count the classes that labels may have; labels of other classes are left out.

    Args:
        head: the detection head.
        ids: the head's `class_map`.
        checked: leave out labels beyond the head's own classes before they are mapped.

    Differs: what pjreddie's code reads and writes for other labels lies beyond its arrays.
    """
    if ids is None:
        return head.classes
    return min(len(ids), head.classes) if checked else len(ids)
