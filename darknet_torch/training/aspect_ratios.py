"""--rect: the pictures of an iteration have one shape, and so has the network's input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from darknet_torch.augment.picture_draw import ShapeDraw
from darknet_torch.datasets.examples import Example
from darknet_torch.errors import ImageError
from darknet_torch.training.multiscale import InputSizes

_MOST = 4.0  # the longest side of an input by its shortest


@dataclass(frozen=True)
class ShapedSizes:
    """Input sizes with the shape of an iteration's pictures, and the area of other sizes.

    Attributes:
        sizes: those without a shape of the pictures.
        draw: knows the shape of the pictures of an iteration.
        seed: that of the run.
        step: sides are multiples of it, pixels.
    """

    sizes: InputSizes
    draw: ShapeDraw
    seed: int
    step: int

    @property
    def dynamic(self) -> bool:
        """See `InputSizes.dynamic`."""
        return self.sizes.dynamic

    @property
    def largest(self) -> tuple[int, int]:
        """The largest width and height that may occur together."""
        size = self.sizes.largest
        return max((_shaped(size, each, self.step) for each in self.draw.aspects), key=math.prod)

    def at(self, iteration: int) -> InputSizes:
        """See `InputSizes.at`."""
        return replace(self, sizes=self.sizes.at(iteration))

    def size_of(self, iteration: int) -> tuple[int, int]:
        """Width and height of an iteration, from 0."""
        aspect = self.draw.aspect_of(self.seed, iteration)
        return _shaped(self.sizes.size_of(iteration), aspect, self.step)

    def mini_batch_of(self, iteration: int) -> int:
        """See `InputSizes.mini_batch_of`."""
        return self.sizes.mini_batch_of(iteration)


def shape_groups(
    examples: Sequence[Example],
    size: tuple[int, int],
    step: int,
    weights: tuple[float, ...] | None = None,
) -> ShapeDraw:
    """Group pictures by the shape of the input that fits them.

    Args:
        examples: the pictures; one whose size cannot be read is taken for a square.
        size: width and height of the network's input, whose area the inputs keep.
        step: sides of inputs are multiples of it, pixels.
        weights: how often each picture is drawn; None for equally often.
    """
    groups: dict[tuple[int, int], list[int]] = {}
    for index, example in enumerate(examples):
        groups.setdefault(_shaped(size, _aspect_of(example), step), []).append(index)
    shapes = sorted(groups)
    return ShapeDraw(
        tuple(tuple(groups[shape]) for shape in shapes),
        tuple(width / height for width, height in shapes),
        weights,
    )


def _aspect_of(example: Example) -> float:
    try:
        height, width = example.measure()
    except ImageError:  # reported where it is drawn
        return 1.0
    return width / height


def _shaped(size: tuple[int, int], aspect: float, step: int) -> tuple[int, int]:
    """Width and height with nearly the area of `size` and that aspect, multiples of `step`."""
    area = math.prod(size)
    aspect = min(max(aspect, 1 / _MOST), _MOST)
    width, height = math.sqrt(area * aspect), math.sqrt(area / aspect)
    return max(1, round(width / step)) * step, max(1, round(height / step)) * step
