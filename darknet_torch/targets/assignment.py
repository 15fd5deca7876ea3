"""The interface of assignments: what a head gives, and what its loss gets. No torch."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

Size = tuple[int, int]  # height and width
Self = TypeVar("Self", bound="Assignment")


@dataclass(frozen=True)
class Assignment:
    """The ground truths of one mini-batch for one head.

    The arrays are of numpy where it is made, and tensors where the loss uses it. All are parts
    of two, so that two copies bring them to a device; counts are numbers of the host.

    Attributes:
        pictures: N, pictures in the mini-batch.
        input_size: height and width of the network's input, in pixels.
        map_size: height and width of the head's map, in cells.
        numbers: [...] float32.
        indices: [...] int64.
    """

    pictures: int
    input_size: Size
    map_size: Size
    numbers: Any
    indices: Any

    def converted(self: Self, convert: Callable[[Any], Any]) -> Self:
        """A copy whose two arrays are what `convert` makes of them."""
        return replace(self, numbers=convert(self.numbers), indices=convert(self.indices))

    def fits(self, pictures: int, input_size: Size, map_size: Size) -> bool:
        """Whether it was made for a mini-batch of these sizes."""
        given = (pictures, input_size, map_size)
        return (self.pictures, self.input_size, self.map_size) == given


class SizedAssignment(Assignment, ABC):
    """An assignment whose first numbers are sizes and the boxes of the truths."""

    @property
    @abstractmethod
    def _numbers(self) -> list[Any]:
        """Views of the arrays in `numbers`: `input_wh`, `map_wh`, `truth_boxes` and others."""

    @property
    def input_wh(self) -> Any:
        """[2] float32 width and height of the network's input, in pixels."""
        return self._numbers[0]

    @property
    def map_wh(self) -> Any:
        """[2] float32 width and height of the map, in cells."""
        return self._numbers[1]

    @property
    def truth_boxes(self) -> Any:
        """[N, T, 4] in 0-1 of the input; zeros for padding and for truths left out."""
        return self._numbers[2]


@dataclass(frozen=True)
class Assigner(ABC):
    """What the assignment of truths reads of a head.

    Attributes:
        input_size: height and width of the network's input in the cfg, in pixels.
        map_size: height and width of the head's map at that size, in cells.
        class_map: class of each label, from the head's map=; None without.
        known_labels: labels of other classes are left out.
    """

    input_size: Size
    map_size: Size
    class_map: tuple[int, ...] | None
    known_labels: int

    @abstractmethod
    def assign(self, rows: np.ndarray, input_size: Size, map_size: Size) -> Assignment:
        """Assign the truths of a mini-batch.

        Args:
            rows: [N, truths, 5 or more] float32, Darknet's truth rows.
            input_size: height and width of the network's input, in pixels.
            map_size: height and width of the head's map, in cells.
        """

    def mapped(self, class_ids: np.ndarray) -> np.ndarray:
        """The head's classes of labels, both int64."""
        if self.class_map is None:
            return class_ids
        return np.array(self.class_map, np.int64)[class_ids]

    def map_size_at(self, input_size: Size) -> Size:
        """The size of the map for an input of another size, if the stride divides both."""
        height, width = (
            cells * size // max(1, usual)
            for cells, size, usual in zip(self.map_size, input_size, self.input_size, strict=True)
        )
        return height, width


def assign_to_heads(
    assigners: Mapping[int, Assigner], rows: np.ndarray, input_size: Size
) -> dict[int, Assignment]:
    """Assign the truths of a mini-batch to each head.

    Args:
        assigners: those of the heads, by layer index.
        rows: [N, truths, 5 or more] float32; none of the heads takes another form.
        input_size: height and width of the network's input, in pixels.

    Returns:
        The assignments, by layer index.
    """
    return {
        index: assigner.assign(rows, input_size, assigner.map_size_at(input_size))
        for index, assigner in assigners.items()
    }


def pack(arrays: Sequence[ArrayLike], dtype: type) -> np.ndarray:
    """One flat array of the values of all."""
    return np.concatenate([np.asarray(array, dtype).ravel() for array in arrays])


def unpack(packed: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Views of the arrays of these shapes that `pack` has put together, in their order."""
    parts, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        parts.append(packed[start:end].reshape(shape))
        start = end
    return parts
