"""The classes that labels may have, with and without a map= file."""

from __future__ import annotations

from darknet_torch.heads.base import Head


def count_known_labels(head: Head, *, checked: bool) -> int:
    """Count the classes that labels may have; labels of other classes are left out.

    Args:
        head: the detection head.
        checked: leave out labels beyond the head's own classes before they are mapped.

    Raises:
        CfgError: the file of map= does not exist, or does not hold such numbers.

    Differs: what pjreddie's code reads and writes for other labels lies beyond its arrays.
    """
    if head.class_map is None:
        return head.classes
    return min(len(head.class_map), head.classes) if checked else len(head.class_map)
