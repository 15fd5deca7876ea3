"""Deltas of [yolo] that are given up late in a training, because labels may be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.net import NetOptions

_STEP = 0.01  # weight of a mini-batch in the rolling numbers, and step of the threshold
_EASE = 1.4  # times the mean delta, below which nothing is learnt at the end
_START = 0.75  # part of the training before bad labels are looked for


@dataclass
class Rejection:
    """What is known of the deltas so far; one for all [yolo] of a network.

    Attributes:
        largest, average, deviation: rolling, of the deltas that are not 0.
        threshold: from which badlabels_rejection_percentage gives up, 0 before its first use.

    Source: yolo_layer.c forward_yolo_layer (AlexeyAB), behind its loop over threads.
    Differs: a mini-batch without any delta changes nothing; in C nothing is a number behind it.
    """

    largest: float = 0.0
    average: float = 0.0
    deviation: float = 0.0
    threshold: float = 0.0

    def apply(self, delta: Tensor, net: NetOptions, iteration: int) -> Tensor:
        """`delta` with 0 where equidistant_point, num_sigmas_reject_badlabels or
        badlabels_rejection_percentage want it.

        Args:
            delta: [boxes, values].
            iteration: updates made so far.
        """
        late = iteration > int(net.max_batches * _START)
        easing = 0 < net.equidistant_point < iteration
        sigmas = net.num_sigmas_reject_badlabels if late else 0.0
        percentage = net.badlabels_rejection_percentage if late else 0.0
        if not (easing or sigmas or percentage) or not delta.any():
            return delta
        span = net.max_batches - net.equidistant_point
        progress = (iteration - net.equidistant_point) / span if span else 1.0
        least = self.average * progress * _EASE
        sizes = delta[delta != 0].abs()
        self.largest = _rolled(self.largest or float(sizes.max()), float(sizes.max()))
        self.average = _rolled(self.average, float(sizes.mean()))
        if sigmas:
            final = self.average + self.deviation * sigmas
            delta = self._without_outliers(delta, final, net, iteration)
            least = min(final, self.average) * progress
        if percentage:
            delta = self._without_part(delta, percentage)
        return torch.where(delta.abs() < least, 0.0, delta) if easing else delta

    def _without_outliers(
        self, delta: Tensor, final: float, net: NetOptions, iteration: int
    ) -> Tensor:
        """The bound falls from the largest delta to `final`."""
        there = delta[delta != 0]
        spread = float((there - self.average).square().mean().sqrt())
        self.deviation = _rolled(self.deviation, spread)
        start = int(net.max_batches * _START)
        progress = (iteration - start) / max(1, start)
        bound = max(final, self.largest - progress * abs(self.largest - final))
        return torch.where(delta.abs() > bound, 0.0, delta)

    def _without_part(self, delta: Tensor, percentage: float) -> Tensor:
        """The bound moves until so many per cent of the boxes are given up."""
        self.threshold = self.threshold or self.largest
        given_up = delta.abs() > self.threshold
        part = int(given_up.sum()) * delta.shape[1] / max(1, int((delta != 0).sum()))
        if 100 * part > percentage:
            self.threshold += _STEP
        elif self.threshold > _STEP:
            self.threshold -= _STEP
        return torch.where(given_up, 0.0, delta)


def _rolled(before: float, now: float) -> float:
    return before * (1 - _STEP) + now * _STEP
