"""[reorg]: blocks of positions moved to channels and back, in Darknet's order of values."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.shape import Shape


def reorganize(x: Tensor, deep: Shape, out: Shape, stride: int, *, to_blocks: bool) -> Tensor:
    """Move blocks of positions to channels, or back: [N, ...] to [N, *out].

    Channel k of the shape `deep` holds channel k % few of a map of few = channels // stride ** 2
    channels, at position k // few of each block of `stride` x `stride` positions.

    Args:
        x: [N, ...], as many values per picture as the input of the layer has.
        deep: the shape with the many channels.
        out: the shape of the output.
        stride: height and width of a block.
        to_blocks: `deep` is the shape of the input, else of the output.

    Source: blas.c reorg_cpu.
    Differs: what Darknet reads beyond its input, or leaves unwritten, is 0 here, and the
    pictures of a batch do not affect each other.
    """
    if not keeps_all_values(deep, x[0].numel(), out.count, stride):
        return _gather(x, deep, out, stride, to_blocks=to_blocks)
    count, few = x.shape[0], deep.channels // stride**2
    rows, columns = deep.height, deep.width
    if to_blocks:
        x = x.reshape(count, stride, stride, few, rows, columns).permute(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(count, few, rows, stride, columns, stride).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(count, out.channels, out.height, out.width)


def keeps_all_values(deep: Shape, count_in: int, count_out: int, stride: int) -> bool:
    """Whether every value of the input of `reorganize` occurs once in its output."""
    return deep.channels % stride**2 == 0 and deep.count == count_in == count_out


def _gather(x: Tensor, deep: Shape, out: Shape, stride: int, *, to_blocks: bool) -> Tensor:
    values = x.flatten(1)
    # The table is made of plain integers, so that an exported graph fixes these sizes.
    deep = Shape(int(deep.channels), int(deep.height), int(deep.width))
    table = _sources(deep, int(out.count), int(values.shape[1]), stride, to_blocks)
    sources = torch.from_numpy(table).to(x.device)
    values = values[:, sources.clamp(min=0)] * (sources >= 0)
    return values.reshape(-1, out.channels, out.height, out.width)


@lru_cache(maxsize=16)
def _sources(
    deep: Shape, count_out: int, count_in: int, stride: int, to_blocks: bool
) -> np.ndarray:
    """[count_out] position in the input of each value of the output, -1 for none.

    If several input values go to one position, the last one stays, as in C.
    """
    few = deep.channels // stride**2
    channel, row, column = np.indices((deep.channels, deep.height, deep.width)).reshape(3, -1)
    place = channel // few
    wide_row = row * stride + place // stride + deep.height * stride * (channel % few)
    wide = column * stride + place % stride + deep.width * stride * wide_row
    narrow = np.arange(deep.count)
    to, source = (wide, narrow) if to_blocks else (narrow, wide)
    inside = (to < count_out) & (source < count_in)
    sources = np.full(count_out, -1)
    sources[to[inside]] = source[inside]
    return sources
