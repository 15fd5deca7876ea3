"""The loss of [iseg].

Delta: the class scores of a position go towards the mask of the instances of that class, and
towards 0 elsewhere. The embedding of a position moves by a fixed step towards the mean of its
instance and away from the means of the others.

The classes of the instances are read back from the device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.layers.iseg import Iseg
from darknet_torch.losses.base import Loss, LossContext

_MAX_INSTANCES = 90  # per picture, iseg_layer.c make_iseg_layer
_DECAY = 0.1  # weight of the delta that draws embeddings towards 0
_STEP = 0.1  # towards the mean of the own instance, away from the means of the others
_EMBEDDING_SCALE = 0.01  # on the whole delta of the embeddings


def iseg_loss(
    layer: Iseg, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Compute the delta and cost of a mini-batch.

    Args:
        layer: the [iseg].
        x: its input, [N, classes + ids, H, W].
        output: its output, of the same shape.
        truths: [N, instances * (1 + H * W)]: the class of each instance, -1 after the last,
            and its mask, which says in 0-1 how much of each position belongs to it.
        context: the state of the training.

    Source: iseg_layer.c forward_iseg_layer (pjreddie).
    Differs: instances of a class that the layer does not have are left out; C writes beyond
    its array.
    """
    classes = layer.options.classes
    values = output.float().flatten(2)
    delta = torch.cat((-values[:, :classes], -_DECAY * values[:, classes:]), 1)
    instances = truths.float().reshape(len(x), -1, 1 + values.shape[2])[:, :_MAX_INSTANCES]
    count = 0
    for own_delta, own_values, rows in zip(delta, values, instances, strict=True):
        valid = (rows[:, 0] >= 0).int().cumprod(0).bool() & (rows[:, 0] < classes)
        count += int(valid.sum())
        _set_class_delta(own_delta[:classes], own_values[:classes], rows[valid])
        _add_embedding_delta(own_delta[classes:], own_values[classes:], rows[valid, 1:] != 0)
    delta[:, classes:] *= _EMBEDDING_SCALE
    cost = layer.arithmetic.sum_of_squares(delta)
    parts = {"count": cost.new_full((), count), "total_loss": cost / len(x)}
    return Loss(delta.reshape(x.shape), cost, parts=parts)


def _set_class_delta(delta: Tensor, scores: Tensor, rows: Tensor) -> None:
    """Set `delta` within the masks; of two instances of a class the last one counts.

    Args:
        delta, scores: [classes, positions]; `delta` is changed.
        rows: [instances, 1 + positions] class and mask.
    """
    for row in rows:
        class_id, mask = int(row[0]), row[1:]
        delta[class_id] = torch.where(mask != 0, mask - scores[class_id], delta[class_id])


def _add_embedding_delta(delta: Tensor, values: Tensor, masks: Tensor) -> None:
    """Move each position to the mean of its instance, and away from the means of the others.

    Args:
        delta, values: [ids, positions]; `delta` is changed.
        masks: [instances, positions] bool.
    """
    masks = masks[masks.any(1)]
    means = (values @ masks.T.float()) / masks.sum(1)
    steps = torch.where(means.T[:, :, None] < values, -_STEP, _STEP)  # [instances, ids, positions]
    all_steps = steps.sum(0)
    for own_steps, mask in zip(steps, masks, strict=True):
        delta += torch.where(mask, 2 * own_steps - all_steps, 0.0)
