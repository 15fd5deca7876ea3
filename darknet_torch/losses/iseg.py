"""The loss of [iseg]."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.layers.iseg import Iseg
from darknet_torch.losses.base import Loss, LossContext, sum_of_squares

_MOST = 90  # instances of a picture, iseg_layer.c make_iseg_layer
_SMALL = 0.1  # how much embeddings are drawn towards zero
_STEP = 0.1  # by how much they move to their instance's mean and away from the others'
_WEIGHT = 0.01  # of all that embeddings learn


def iseg_loss(
    layer: Iseg, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Delta and cost of a mini-batch.

    Args:
        layer: which.
        x: [N, classes + ids, H, W], its input.
        output: its output, of the same shape.
        truths: [N, instances * (1 + H * W)]: the class of each instance, -1 behind the last,
            and how much of each position is its.
        context: the training around it.

    Source: iseg_layer.c forward_iseg_layer (pjreddie).
    Differs: instances of a class that the layer does not have are left out; C writes beyond
    its array.
    """
    classes = layer.options.classes
    values = output.float().flatten(2)
    delta = torch.cat((-values[:, :classes], -_SMALL * values[:, classes:]), 1)
    rows = truths.float().reshape(len(x), -1, 1 + values.shape[2])[:, :_MOST]
    count = 0
    for learned, has, row in zip(delta, values, rows, strict=True):
        known = (row[:, 0] >= 0).int().cumprod(0).bool() & (row[:, 0] < classes)
        count += int(known.sum())
        _learn_classes(learned[:classes], has[:classes], row[known])
        _learn_embeddings(learned[classes:], has[classes:], row[known, 1:] != 0)
    delta[:, classes:] *= _WEIGHT
    parts = {"count": torch.tensor(float(count)), "total_loss": sum_of_squares(delta) / len(x)}
    return Loss(delta.reshape(x.shape), sum_of_squares(delta), 1.0, parts)


def _learn_classes(delta: Tensor, scores: Tensor, rows: Tensor) -> None:
    """The last instance of a class at a position stays."""
    for row in rows:
        kind, mask = int(row[0]), row[1:]
        delta[kind] = torch.where(mask != 0, mask - scores[kind], delta[kind])


def _learn_embeddings(delta: Tensor, values: Tensor, there: Tensor) -> None:
    """Each position moves to the mean of its instance, and away from those of the others.

    Args:
        delta, values: [ids, positions].
        there: [instances, positions] bool.
    """
    there = there[there.any(1)]
    means = (values @ there.T.float()) / there.sum(1)
    sides = torch.where(means.T[:, :, None] < values, -_STEP, _STEP)  # [instances, ids, positions]
    away = sides.sum(0)
    for own, mask in zip(sides, there, strict=True):
        delta += torch.where(mask, 2 * own - away, 0.0)
