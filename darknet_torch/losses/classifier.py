"""The losses of [softmax], [logistic] and [cost].

The delta of [softmax] and [logistic] is target less output, the negative gradient of the (binary)
cross entropy at their input. That of [cost] is target less input, for type=sse and the like, or
its sign.
"""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.layers.cost import Cost, CostOptions
from darknet_torch.layers.logistic import Logistic
from darknet_torch.layers.softmax import Softmax
from darknet_torch.losses.base import Loss, LossContext

SECRET = -1234  # a truth of this value is unknown, utils.h SECRET_NUM


def softmax_loss(
    layer: Softmax, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Cross entropy.

    Args:
        layer: the [softmax].
        x: its input, [N, values, ...].
        output: its output, probabilities.
        truths: [N, values]: 1 for the class, or parts of 1; `SECRET` where it is unknown.
        context: the state of the training.

    Source: softmax_layer.c forward_softmax_layer, blas.c softmax_x_ent_cpu.
    Differs: values that are unknown have no delta in every build, as in the CUDA code.
    """
    pred, truth = _flatten(output, truths)
    known = truth != SECRET
    error = torch.where((truth != 0) & known, -pred.log(), 0.0)
    delta = torch.where(known, truth - pred, 0.0)
    return Loss(delta.reshape(x.shape), error.sum())


def logistic_loss(
    layer: Logistic, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Binary cross entropy; arguments as for `softmax_loss`.

    Source: logistic_layer.c forward_logistic_layer, blas.c logistic_x_ent_cpu (pjreddie).
    """
    pred, truth = _flatten(output, truths)
    error = -truth * pred.log() - (1 - truth) * (1 - pred).log()
    return Loss((truth - pred).reshape(x.shape), error.sum())


def cost_loss(
    layer: Cost, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Squared, smooth or absolute differences, by type=; arguments as for `softmax_loss`.

    Source: cost_layer.c forward_cost_layer, forward_cost_layer_gpu (both code bases). What
    only CUDA code does (wgan, noobj, thresh, smooth) is done here everywhere.
    Differs: pjreddie's CPU code reverses the sign of the delta of type=smooth where the
    difference is above 1; here the sign is the same as in its CUDA code and in AlexeyAB's.
    """
    options = layer.options
    pred, truth = _flatten(x, truths)
    if options.smooth:
        truth = truth * (1 - options.smooth) + options.smooth / truth.shape[1]
    error, delta = _error_and_delta(options, pred, truth)
    if options.type == "seg" and options.noobj != 1:
        factor = torch.where(truth == 0, options.noobj, 1.0)
        error, delta = error * factor, delta * factor
    if options.thresh:
        delta = torch.where(delta.abs() < options.thresh / truth.shape[1], 0.0, delta)
    return Loss(delta.reshape(x.shape), error.sum(), options.scale)


def _error_and_delta(options: CostOptions, pred: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """The error and delta of each value, [N, values].

    Source: blas.c l2_cpu, smooth_l1_cpu, l1_cpu; blas_kernels.cu wgan.
    """
    diff = truth - pred
    if options.type == "wgan":
        return torch.where(truth != 0, -pred, pred), torch.where(truth > 0, 1.0, -1.0)
    if options.type == "masked":
        diff = torch.where(truth == SECRET, 0.0, diff)
    sign = torch.where(diff > 0, 1.0, -1.0)
    if options.type == "L1":
        return diff.abs(), sign
    if options.type == "smooth":
        near = diff.abs() < 1
        error = torch.where(near, diff**2, 2 * diff.abs() - 1)
        return error, torch.where(near, diff, sign)
    return diff**2, diff


def _flatten(output: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
    """Both as [N, values] float32."""
    return output.flatten(1).float(), truths.flatten(1).float()
