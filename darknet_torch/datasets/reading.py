"""Functions that the readers of all formats share. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import numpy as np

from darknet_torch.cfg.zoo import read_names
from darknet_torch.datasets.examples import Labels
from darknet_torch.errors import NamesError
from darknet_torch.results.boxes import xyxy_to_cxcywh


def resolve_class_names(names: Sequence[str] | str | os.PathLike[str] | None) -> tuple[str, ...]:
    """Class names as given or read from a file; empty for None.

    Raises:
        NamesError: the file cannot be read, or contains no names.
    """
    if names is None:
        return ()
    found = read_names(names) if isinstance(names, str | os.PathLike) else names
    if not found:
        raise NamesError("no names", where=names, expected="one class name per line")
    return tuple(found)


def labels_from_corners(
    class_ids: Sequence[int],
    corners: Iterable[Sequence[float]],
    difficult: Sequence[bool],
    size: tuple[int, int],
) -> Labels:
    """Build `Labels` from boxes in pixels.

    Args:
        class_ids: K class ids.
        corners: K boxes of left, top, right, bottom in pixels, from 0 at the top left corner.
        difficult: K booleans.
        size: height and width of the picture in pixels.
    """
    height, width = size
    boxes = np.asarray(list(corners), np.float64).reshape(-1, 4)
    return Labels.from_arrays(
        class_ids, xyxy_to_cxcywh(boxes) / (width, height, width, height), difficult
    )
