"""What every decoder of a head does."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from darknet_torch.decoding.arrays import ArrayFunctions

# The error of a logistic function in float32 is below two steps; twice as many on either side.
_STEPS = 4
_FLOAT32_STEP = 2.0**-23


@dataclass(frozen=True)
class Cells:
    """Where boxes are predicted; arrays broadcast over the boxes [...].

    Attributes:
        column, row: [...] the position on the map, of the type of the values.
        anchors: [..., 2] width and height of the box's anchor; () for heads without anchors.
        columns, rows: size of the map.
        width, height: size of the network's input, pixels.
    """

    column: Any
    row: Any
    anchors: Any
    columns: int
    rows: int
    width: int
    height: int


class Boxes(NamedTuple):
    """Decoded boxes [...].

    Attributes:
        boxes: [..., 4] centre x, centre y, width, height, in 0-1 of the network's input.
        objectness: [...] 0-1; boxes at or below the threshold are dropped. 1 where only the
            class scores drop boxes.
        class_scores: [..., C] 0-1, objectness included.
    """

    boxes: Any
    objectness: Any
    class_scores: Any


@dataclass(frozen=True)
class Decoder(ABC):
    """Decodes the values of a head's boxes.

    Attributes:
        boxes: number of boxes per position.
        classes: number of classes.
        anchors: [boxes] widths and heights of the anchors; () for heads without anchors.
        objectness_at: index of the value that a box's objectness is computed from.
    """

    boxes: int
    classes: int
    anchors: tuple[tuple[float, float], ...]
    objectness_at: ClassVar[int]

    def objectness_limit(self, threshold: float, *, raw: bool) -> float | None:
        """Return a limit of the value at `objectness_at`, which rules out boxes undecoded.

        Args:
            threshold: of the objectness, 0-1.
            raw: whether the values are the head's input.

        Returns:
            A number: every box whose objectness is above the threshold has a value above it. None
            if that value does not drop boxes.
        """
        return logit_below(threshold) if raw else threshold

    @abstractmethod
    def values_of(self, functions: ArrayFunctions, maps: Any, *, raw: bool) -> Any:
        """View a head's map as the values of its boxes.

        Args:
            functions: numpy's or PyTorch's.
            maps: [N, C, H, W], the head's output or its input.
            raw: whether it is the input.

        Returns:
            [N, rows, columns, boxes, values], a view where that is possible.
        """

    def activate(self, functions: ArrayFunctions, values: Any, axis: int = -1) -> Any:
        """Turn values of the head's input into those of its output; by default they are equal.

        Args:
            functions: numpy's or PyTorch's.
            values: [...] of the head's input, the values of a box along `axis`.
            axis: counted from the end, below 0.

        Returns:
            The same shape.
        """
        return values

    @abstractmethod
    def decode(self, functions: ArrayFunctions, values: Any, cells: Cells) -> Boxes:
        """Turn values of the head's output into boxes and scores.

        Args:
            functions: numpy's or PyTorch's.
            values: [..., values].
            cells: where the boxes are predicted.
        """


def logit_below(threshold: float) -> float:
    """Return a number below every float32 whose logistic function exceeds a threshold.

    Both the threshold and its logit are lowered by some steps of float32, since the logistic
    function is rounded, and near 1 a step of it is a long way for its argument.

    Args:
        threshold: 0-1.
    """
    lowered = threshold * (1 - _STEPS * _FLOAT32_STEP)
    if lowered <= 0:
        return -math.inf
    limit = np.float32(math.log(lowered) - math.log1p(-lowered))
    return float(limit - _STEPS * np.spacing(abs(limit)))


def along(x: Any, axis: int, start: int, stop: int | None = None) -> Any:
    """Return the values from `start` to `stop` along an axis that is counted from the end."""
    return x[(..., slice(start, stop), *[slice(None)] * (-1 - axis))]


def boxes_of_channels(maps: Any, boxes: int) -> Any:
    """View [N, boxes * values, H, W] as [N, H, W, boxes, values]."""
    count, channels, height, width = maps.shape
    per_box = maps.reshape(count, boxes, channels // boxes, height, width)
    return per_box.swapaxes(1, 3).swapaxes(2, 4)


def centres(functions: ArrayFunctions, x: Any, y: Any, cells: Cells) -> Any:
    """Turn positions within cells [...] into centres [..., 2] in 0-1 of the input."""
    return functions.xp.stack(
        ((x + cells.column) / cells.columns, (y + cells.row) / cells.rows), -1
    )


def anchor_fractions(functions: ArrayFunctions, anchors: Any, height: int, width: int) -> Any:
    """Divide anchors [..., 2] by a width and a height."""
    return functions.xp.stack((anchors[..., 0] / width, anchors[..., 1] / height), -1)
