"""Reads the class names of a data set alone. No torch."""

from __future__ import annotations

from pathlib import Path

from darknet_torch.datasets.classification import is_classification, open_classification
from darknet_torch.datasets.opening import recognise


def read_class_names(data: Path) -> tuple[str, ...]:
    """The names of a data set's classes in their order; empty if they have none.

    Args:
        data: a detector's data set in any form, or a folder of classes.

    Raises:
        UsageError, NamesError: the data set does not exist, or its names cannot be read.
    """
    if is_classification(data):
        return open_classification(data).names
    form, place = recognise(data)
    return form.class_names(place)
