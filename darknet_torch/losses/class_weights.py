"""Weights of classes in the losses of classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from darknet_torch.layers.cost import Cost
from darknet_torch.layers.logistic import Logistic
from darknet_torch.layers.softmax import Softmax
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.registry import LossFamily, LossFunction

_CLASSIFIERS = (Softmax, Logistic, Cost)


def with_class_weights(family: LossFamily, weights: Sequence[float]) -> LossFamily:
    """A family in which the loss of a picture is multiplied by the weight of its class.

    A picture that is mixed from several has the mean of their weights, weighted by its truth.

    Args:
        family: its losses of [softmax], [logistic] and [cost] are weighted.
        weights: a number for each class.
    """
    functions = dict(family.functions)
    for layer in _CLASSIFIERS:
        if layer in functions:
            functions[layer] = _weighted(functions[layer], tuple(weights))
    return replace(family, functions=functions)


def _weighted(function: LossFunction, weights: Sequence[float]) -> LossFunction:
    def weighted(
        layer: Any, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
    ) -> Loss:
        loss = function(layer, x, output, truths, context)
        truth = truths.flatten(1).clamp(min=0)  # unknown classes of a tree are negative
        factor = truth @ torch.as_tensor(weights, dtype=truth.dtype, device=truth.device)
        factor = factor / truth.sum(1).clamp(min=torch.finfo(truth.dtype).tiny)
        shape = (len(factor), *(1,) * (loss.delta.dim() - 1))
        return replace(loss, delta=loss.delta * factor.reshape(shape))

    return weighted
