"""The boxes whose objectness is above a threshold, decoded alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from darknet_torch.decoding.arrays import NUMPY, ArrayFunctions
from darknet_torch.decoding.decoder import Boxes, Cells, Decoder


@dataclass(frozen=True)
class Candidates:
    """K boxes of a batch of pictures: picture by picture, in the order in which heads have them.

    Attributes:
        pictures: [K] index of the picture in the batch.
        boxes: [K, 4] centre x, centre y, width, height, in 0-1 of the network's input.
        objectness: [K] 0-1, above the threshold.
        class_scores: [K, C] 0-1, objectness included.
    """

    pictures: np.ndarray
    boxes: np.ndarray
    objectness: np.ndarray
    class_scores: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)

    def select(self, chosen: np.ndarray) -> Candidates:
        """Return some of the boxes, by a mask [K]."""
        if chosen.all():
            return self  # which is common, and saves a copy
        return self._take(chosen)

    def _take(self, chosen: np.ndarray) -> Candidates:
        arrays = (self.pictures, self.boxes, self.objectness, self.class_scores)
        return Candidates(*(array[chosen] for array in arrays))

    def finite(self) -> Candidates:
        """Return the boxes whose four numbers are finite; untrained networks give others."""
        return self.select(np.isfinite(self.boxes).all(1))

    def slices(self, count: int) -> list[slice]:
        """Return which boxes belong to each of the `count` pictures of the batch."""
        ends = np.searchsorted(self.pictures, np.arange(count + 1))
        return [slice(start, end) for start, end in pairwise(ends)]

    @staticmethod
    def join(parts: Sequence[Candidates]) -> Candidates:
        """Concatenate the candidates of several heads, at least one, in their order."""
        joined = Candidates(
            np.concatenate([part.pictures for part in parts]),
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.objectness for part in parts]),
            np.concatenate([part.class_scores for part in parts]),
        )
        if (np.diff(joined.pictures) >= 0).all():
            return joined  # such as those of one picture
        return joined._take(np.argsort(joined.pictures, kind="stable"))


class Places(NamedTuple):
    """Where boxes are in the map of a head; each an array [K] of indices."""

    pictures: Any
    rows: Any
    columns: Any
    boxes: Any


def find_candidates(
    decoder: Decoder,
    maps: Any,
    threshold: float,
    *,
    raw: bool,
    size: tuple[int, int],
    functions: ArrayFunctions = NUMPY,
) -> Candidates:
    """Find the boxes of a head whose objectness is above a threshold.

    A value of each box rules out most of them; what is left is gathered, and decoded in numpy.

    Args:
        decoder: of the head.
        maps: [N, C, H, W] the head's output or its input, of any memory order.
        threshold: of the objectness, 0-1.
        raw: whether it is the input.
        size: height and width of the network's input, pixels.
        functions: numpy's or PyTorch's, of which `maps` is an array.
    """
    values = decoder.values_of(functions, maps, raw=raw)
    limit = decoder.objectness_limit(threshold, raw=raw)
    indices = _indices_above(functions, values[..., decoder.objectness_at], limit)
    gathered = functions.to_numpy(values[_places(indices, values.shape)])
    places = _places(functions.to_numpy(indices), values.shape)
    decoded = _decode(decoder, gathered, places, values.shape[1:3], raw=raw, size=size)
    return candidates_above(decoded, places.pictures, threshold)


def decode_all(decoder: Decoder, maps: np.ndarray, *, raw: bool, size: tuple[int, int]) -> Boxes:
    """Decode all boxes of a head: [N, A, 4], [N, A] and [N, A, C].

    Args:
        decoder, maps, raw, size: as for `find_candidates`.
    """
    values = decoder.values_of(NUMPY, maps, raw=raw)
    places = _places(np.arange(values[..., 0].size), values.shape)
    decoded = _decode(decoder, values[places], places, values.shape[1:3], raw=raw, size=size)
    count = len(values)
    return Boxes(*(part.reshape(count, -1, *part.shape[1:]) for part in decoded))


def _decode(
    decoder: Decoder,
    gathered: np.ndarray,
    places: Places,
    map_size: tuple[int, int],
    *,
    raw: bool,
    size: tuple[int, int],
) -> Boxes:
    """Decode the values [K, V] of boxes at K places."""
    with np.errstate(all="ignore"):  # untrained networks overflow
        if raw:
            gathered = decoder.activate(NUMPY, gathered)
        return decoder.decode(NUMPY, gathered, _cells(decoder, places, gathered, map_size, size))


def candidates_above(decoded: Boxes, pictures: np.ndarray, threshold: float) -> Candidates:
    """Keep the boxes whose objectness is above a threshold.

    Args:
        decoded: K boxes in numpy's arrays.
        pictures: [K] index of the picture of each.
        threshold: 0-1.
    """
    found = Candidates(pictures, *decoded)
    return found.select(found.objectness > threshold)


def _indices_above(functions: ArrayFunctions, values: Any, limit: float | None) -> Any:
    """[K] where the values, seen as one row, are above a limit; None: all."""
    xp = functions.xp
    above = values > limit if limit is not None else xp.ones_like(values, dtype=xp.bool)
    return xp.argwhere(above.reshape(-1))[:, 0]


def _places(indices: Any, shape: Sequence[int]) -> Places:
    """The places of boxes by their indices; `shape` begins with pictures, rows, columns, boxes."""
    _, rows, columns, boxes = shape[:4]
    positions = indices // boxes
    lines = positions // columns
    return Places(lines // rows, lines % rows, positions % columns, indices % boxes)


def _cells(
    decoder: Decoder,
    places: Places,
    values: np.ndarray,
    map_size: tuple[int, int],
    size: tuple[int, int],
) -> Cells:
    (rows, columns), (height, width) = map_size, size
    anchors = np.array(decoder.anchors, values.dtype).reshape(-1, 2)
    return Cells(
        column=places.columns.astype(values.dtype),
        row=places.rows.astype(values.dtype),
        anchors=anchors[places.boxes] if len(anchors) else (),
        columns=columns,
        rows=rows,
        width=width,
        height=height,
    )
