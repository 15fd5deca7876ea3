"""The order in which squares of positions become channels, and back."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.shape import Shape


def reorganize(x: Tensor, deep: Shape, out: Shape, stride: int, *, to_squares: bool) -> Tensor:
    """The values of [N, ...] in Darknet's other order, as [N, *out].

    Channel k of `deep` is channel k % few of a map with few = channels // stride ** 2
    channels, at place k // few of each square of `stride` by `stride` positions.

    Args:
        deep: the sizes of the side with the many channels.
        to_squares: the input is that side, and not the output.

    Source: blas.c reorg_cpu.
    Differs: what Darknet reads behind its input or leaves as it was is 0 here, and each
    picture of a batch is as it is alone.
    """
    if not loses_nothing(deep, x[0].numel(), out.count, stride):
        return _gather(x, deep, out, stride, to_squares=to_squares)
    count, few = x.shape[0], deep.channels // stride**2
    rows, columns = deep.height, deep.width
    if to_squares:
        x = x.reshape(count, stride, stride, few, rows, columns).permute(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(count, few, rows, stride, columns, stride).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(count, out.channels, out.height, out.width)


def loses_nothing(deep: Shape, count_in: int, count_out: int, stride: int) -> bool:
    """Whether `reorganize` gives every value of its input once."""
    return deep.channels % stride**2 == 0 and deep.count == count_in == count_out


def _gather(x: Tensor, deep: Shape, out: Shape, stride: int, *, to_squares: bool) -> Tensor:
    values = x.flatten(1)
    # A table is made of whole numbers: a graph of this has the sizes that it is made with.
    deep = Shape(int(deep.channels), int(deep.height), int(deep.width))
    table = _sources(deep, int(out.count), int(values.shape[1]), stride, to_squares)
    sources = torch.from_numpy(table).to(x.device)
    values = values[:, sources.clamp(min=0)] * (sources >= 0)
    return values.reshape(-1, out.channels, out.height, out.width)


@lru_cache(maxsize=16)
def _sources(
    deep: Shape, count_out: int, count_in: int, stride: int, to_squares: bool
) -> np.ndarray:
    """For each value of the output the position in the input that it comes from, or -1.

    Where several positions go to one, the last stays, as in C.
    """
    few = deep.channels // stride**2
    channel, row, column = np.indices((deep.channels, deep.height, deep.width)).reshape(3, -1)
    place = channel // few
    wide_row = row * stride + place // stride + deep.height * stride * (channel % few)
    wide = column * stride + place % stride + deep.width * stride * wide_row
    narrow = np.arange(deep.count)
    to, source = (wide, narrow) if to_squares else (narrow, wide)
    inside = (to < count_out) & (source < count_in)
    sources = np.full(count_out, -1)
    sources[to[inside]] = source[inside]
    return sources
