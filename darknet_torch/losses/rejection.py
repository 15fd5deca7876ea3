"""Bad-label rejection of [yolo]: late in a training some deltas are set to 0.

A delta that is much larger than the others late in a training points to a wrong label
(num_sigmas_reject_badlabels, badlabels_rejection_percentage); from equidistant_point on,
small deltas are set to 0 as well. Both need rolling statistics of the deltas of the
mini-batches before: `RejectionState`. It is never changed; `reject_deltas` returns the next
one, which the training pass keeps for the next mini-batch and checkpoints save. The statistics are
numbers of the host: late in such a training they are read back from the device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from darknet_torch.cfg.net import NetOptions

_ROLLING_WEIGHT = 0.01  # of a mini-batch in the rolling statistics
_THRESHOLD_STEP = 0.01
_SMALL_DELTA_FACTOR = 1.4  # times the mean delta: deltas below it are 0 at the end of training
_REJECTION_START = 0.75  # part of the training after which bad labels are rejected


@dataclass(frozen=True)
class RejectionState:
    """Rolling statistics of the nonzero deltas of all [yolo] of a network.

    Checkpoints save the fields by name.

    Attributes:
        largest: rolling mean of each mini-batch's largest absolute delta.
        average: rolling mean of each mini-batch's mean absolute delta.
        deviation: rolling mean of each mini-batch's standard deviation around `average`.
        threshold: absolute delta above which badlabels_rejection_percentage rejects; 0 before
            its first use.

    Source: yolo_layer.c forward_yolo_layer (AlexeyAB), after its loop over threads.
    """

    largest: float = 0.0
    average: float = 0.0
    deviation: float = 0.0
    threshold: float = 0.0


def reject_deltas(
    delta: Tensor, state: RejectionState, net: NetOptions, iteration: int
) -> tuple[Tensor, RejectionState]:
    """Set the deltas to 0 that equidistant_point, num_sigmas_reject_badlabels and
    badlabels_rejection_percentage reject.

    Args:
        delta: [..., values].
        state: the statistics of the mini-batches before.
        net: the options of [net].
        iteration: weight updates made so far.

    Returns:
        The remaining deltas, of that shape, and the state for the next [yolo] or mini-batch.

    Source: yolo_layer.c forward_yolo_layer (AlexeyAB), after its loop over threads.
    Differs: a mini-batch without any delta leaves the state unchanged; in C the statistics are
    NaN after it.
    """
    late = iteration > int(net.max_batches * _REJECTION_START)
    drops_small = 0 < net.equidistant_point < iteration
    sigmas = net.num_sigmas_reject_badlabels if late else 0.0
    percentage = net.badlabels_rejection_percentage if late else 0.0
    if not (drops_small or sigmas or percentage) or not delta.any():
        return delta, state
    span = net.max_batches - net.equidistant_point
    progress = (iteration - net.equidistant_point) / span if span else 1.0
    smallest_kept = state.average * progress * _SMALL_DELTA_FACTOR
    sizes = delta[delta != 0].abs()
    state = replace(
        state,
        largest=_rolling_mean(state.largest or float(sizes.max()), float(sizes.max())),
        average=_rolling_mean(state.average, float(sizes.mean())),
    )
    if sigmas:
        final_bound = state.average + state.deviation * sigmas
        delta, state = _reject_outliers(delta, state, final_bound, net, iteration)
        smallest_kept = min(final_bound, state.average) * progress
    if percentage:
        delta, state = _reject_percentage(delta, state, percentage)
    if drops_small:
        delta = torch.where(delta.abs() < smallest_kept, 0.0, delta)
    return delta, state


def _reject_outliers(
    delta: Tensor, state: RejectionState, final_bound: float, net: NetOptions, iteration: int
) -> tuple[Tensor, RejectionState]:
    """Set deltas above a bound to 0, which falls from the largest delta to `final_bound`."""
    nonzero = delta[delta != 0]
    deviation = float((nonzero - state.average).square().mean().sqrt())
    state = replace(state, deviation=_rolling_mean(state.deviation, deviation))
    start = int(net.max_batches * _REJECTION_START)
    progress = (iteration - start) / max(1, start)
    bound = max(final_bound, state.largest - progress * abs(state.largest - final_bound))
    return torch.where(delta.abs() > bound, 0.0, delta), state


def _reject_percentage(
    delta: Tensor, state: RejectionState, percentage: float
) -> tuple[Tensor, RejectionState]:
    """Set deltas above the threshold to 0; it moves until `percentage` of boxes are rejected."""
    threshold = state.threshold or state.largest
    rejected = delta.abs() > threshold
    part = int(rejected.sum()) * delta.shape[-1] / max(1, int((delta != 0).sum()))
    delta = torch.where(rejected, 0.0, delta)
    if 100 * part > percentage:
        threshold += _THRESHOLD_STEP
    elif threshold > _THRESHOLD_STEP:
        threshold -= _THRESHOLD_STEP
    return delta, replace(state, threshold=threshold)


def _rolling_mean(mean: float, value: float) -> float:
    return mean * (1 - _ROLLING_WEIGHT) + value * _ROLLING_WEIGHT
