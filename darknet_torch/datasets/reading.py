"""Functions that the readers of all formats share. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import numpy as np

from darknet_torch.cfg.zoo import read_names
from darknet_torch.datasets.examples import Labels
from darknet_torch.errors import NamesError
from darknet_torch.results.boxes import xyxy_to_cxcywh

FARTHEST = 1e9  # pixels; larger than any picture, but finite in every unit


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


def first_places(names: Sequence[str]) -> dict[str, int]:
    """The index of each name, the first one of a name that occurs again."""
    return {name: index for index, name in reversed([*enumerate(names)])}


def labels_from_corners(
    class_ids: Sequence[int],
    corners: Iterable[Sequence[float]],
    difficult: Sequence[bool],
    size: tuple[int, int],
    *,
    numbers: Sequence[int] | None = None,
    areas: Sequence[float] | None = None,
) -> Labels:
    """Build `Labels` from boxes in pixels.

    Args:
        class_ids: K class ids.
        corners: K boxes of left, top, right, bottom in pixels, from 0 at the top left corner.
        difficult: K booleans.
        size: height and width of the picture in pixels.
        numbers: for each box its number among the boxes of the picture, from 1; None for 1 to K.
        areas: the areas of the outlines in square pixels, if known.
    """
    height, width = size
    boxes = np.asarray(list(corners), np.float64).reshape(-1, 4)
    fractions = xyxy_to_cxcywh(boxes) / (width, height, width, height)
    return Labels.from_arrays(class_ids, fractions, difficult, numbers=numbers, areas=areas)


def in_one_line(name: str) -> str:
    """A class name without line breaks, which a names file cannot hold."""
    return " ".join(part.strip() for part in name.splitlines() if part.strip())
