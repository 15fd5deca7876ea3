"""[dropout]: values dropped at random while training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import flag, integer, number
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions

_RAMP = 0.85  # part of the training over which dropblock grows to its full strength
_BLOCK = 7  # side of a block if the cfg gives none


@dataclass(frozen=True)
class DropoutOptions(LayerOptions):
    """Source: parser.c parse_dropout (both code bases)."""

    probability: float = number(
        lambda dialect: dialect.defaults.dropout_probability,
        minimum=0,
        maximum=1,
        doc="probability that a value is dropped",
    )
    dropblock: bool = flag(only="alexeyab", doc="drop squares, not single values")
    dropblock_size_rel: float = number(
        0.0, minimum=0, only="alexeyab", doc="side of the square, part of the input's"
    )
    dropblock_size_abs: int = integer(
        0, minimum=0, only="alexeyab", doc="side of the square, 7 if neither is given"
    )


class Dropout(Layer):
    """[dropout]. Does nothing at inference.

    Source: dropout_layer.c forward_dropout_layer; dropout_layer_kernels.cu
    forward_dropout_layer_gpu (AlexeyAB) for dropblock, which acts here everywhere.
    Differs: a picture of which dropblock leaves nothing becomes zeros; in C it becomes NaN.
    """

    section_names = ("dropout",)
    example_cfg = "[dropout]\nprobability=.5\n"
    Options = DropoutOptions
    works_in_place = True
    options: DropoutOptions

    def __init__(self, options: DropoutOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.probability = options.probability
        self.ramp = context.net.max_batches * _RAMP
        self.progress = 0.0

    def on_iteration_start(self, iteration: int) -> None:
        """Strengthen dropblock over the first 85 % of the training."""
        self.progress = min(1.0, iteration / self.ramp) if self.ramp else 1.0

    @property
    def passes_input_on(self) -> bool:
        return True

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.options.dropblock:
            return self._drop_blocks(x)
        return functional.dropout(x, self.probability, self.training)

    def _drop_blocks(self, x: Tensor) -> Tensor:
        """Zero at most one square of each channel of [N, C, H, W] and scale up the rest."""
        count, channels, height, width = x.shape
        size = self._block_size(height, width)
        chance = self.probability * self.progress / size**2
        lowest, place = torch.rand(count, channels, height * width, device=x.device).min(-1)
        left = _corner(place % width, width - size)[..., None]
        top = _corner(place // width, height - size)[..., None]
        columns, rows = torch.arange(width, device=x.device), torch.arange(height, device=x.device)
        across = (columns >= left) & (columns < left + size)
        down = (rows >= top) & (rows < top + size)
        block = down[..., :, None] & across[..., None, :] & (lowest < chance)[..., None, None]
        kept = 1 - block.flatten(1).float().mean(1)
        kept = torch.where(kept > 0, kept, 1.0)
        return torch.where(block, 0.0, x) / kept.to(x.dtype)[:, None, None, None]

    def _block_size(self, height: int, width: int) -> int:
        """The side of a block in a map of that size, positions."""
        options = self.options
        sides = [options.dropblock_size_abs or _BLOCK] * 2
        if options.dropblock_size_rel:
            sides = [int(options.dropblock_size_rel * side) for side in (width, height)]
        wide, high = (int(side * self.progress) for side in sides)
        return min(max(1, min(width, wide)), max(1, min(height, high)))


def _corner(place: Tensor, most: int) -> Tensor:
    """The first row or column of a block whose place was drawn; places above `most` wrap."""
    return torch.where(place > most, place - most, place).clamp(0, most)
