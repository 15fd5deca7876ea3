"""The loss of [Gaussian_yolo]."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from darknet_torch.heads.gaussian_yolo import GaussianYolo, GaussianYoloOptions
from darknet_torch.losses.anchored import AnchoredLoss, Match
from darknet_torch.losses.base import Loss, LossContext, sum_of_squares
from darknet_torch.losses.iou import OVERLAPS, gradient
from darknet_torch.losses.terms import clipped

_COORDINATES = 8
_SIGMA = 0.3
_EPSILON = 1e-9


def gaussian_yolo_loss(
    head: GaussianYolo, x: Tensor, output: Tensor, rows: Tensor, context: LossContext
) -> Loss:
    """Delta and cost of a mini-batch.

    Args:
        head: which.
        x: [N, boxes * (9 + classes), H, W], its input.
        output: its output, of the same shape.
        rows: [N, truths, 5 or 6] x, y, w, h (0-1 of the input), class (, track id).
        context: the training around it.

    Source: gaussian_yolo_layer.c forward_gaussian_yolo_layer, delta_gaussian_yolo_box
    (AlexeyAB).
    """
    return _GaussianLoss(head, output, rows, context, _COORDINATES).compute()


class _GaussianLoss(AnchoredLoss):
    head: GaussianYolo
    options: GaussianYoloOptions

    keeps_smoothed_objectness = False
    multiclass_by_first = True

    def compute(self) -> Loss:
        predicted = self._boxes(self.values, *self.grid())
        best, which = self.ignore_overlapping(predicted)
        self.assign_overlapping(best, which, self._delta)
        match = self.match(*self._cells())
        overlaps = self.assign_matched(match, self._delta)
        self.average(torch.ones_like(self.objectness, dtype=torch.bool))
        delta = self.as_input()
        scale = self.options.delta_normalizer
        return Loss(delta, sum_of_squares(delta), scale, self._parts(overlaps, match))

    def ignored_objectness(
        self, overlap: Tensor, delta: Tensor, ignored: Tensor, which: Tensor
    ) -> Tensor:
        """Smoothed, objectness learns the squared overlap and the classes are learned too."""
        if not self.options.objectness_smooth:
            return torch.zeros_like(delta)
        at = torch.nonzero(ignored)[:, 0]
        self._learn_classes(at, self._overlapping(at, which[at]).classes)
        return self.options.obj_normalizer * (overlap**2 - self.objectness)

    def _cells(self) -> tuple[Tensor, Tensor]:
        """Of the point of each truth that yolo_point means."""
        height, width = self.size
        if not self.head.shift:
            return self.truths.cells(width, height)
        point = self.truths.boxes[..., :2] - self.head.shift * self.truths.boxes[..., 2:]
        column = (point[..., 0] * width).long().clamp(0, width - 1)
        return column, (point[..., 1] * height).long().clamp(0, height - 1)

    def _boxes(self, values: Tensor, column: Tensor, row: Tensor, anchor: Tensor) -> Tensor:
        """[K, 4] in 0-1 of the input. Source: gaussian_yolo_layer.c get_gaussian_yolo_box."""
        height, width = self.size
        sizes = values[:, 4:8:2].exp() * anchor / self._input_size()
        point = torch.stack(((values[:, 0] + column) / width, (values[:, 2] + row) / height), -1)
        return torch.cat((point + self.head.shift * sizes, sizes), -1)

    def _input_size(self) -> Tensor:
        return self.values.new_tensor((self.context.width, self.context.height))

    def _delta(self, values: Tensor, match: Match) -> tuple[Tensor, Tensor]:
        """[K, 8] deltas of means and uncertainties in turn, and [K] the overlap for the log.

        Source: gaussian_yolo_layer.c delta_gaussian_yolo_box.
        """
        options = self.options
        predicted = self._boxes(values, match.columns, match.rows, match.anchors)
        weight = (2 - match.truths[:, 2] * match.truths[:, 3])[:, None]
        mean, sigma = values[:, 0:8:2], values[:, 1:8:2]
        part = (self._wanted(match) - mean) / sigma
        density = (-0.5 * part**2).exp() / (math.sqrt(2 * math.pi) * (sigma + _SIGMA))
        factor = 0.5 / (density + _EPSILON) * density * weight
        unsure = factor * (part**2 / sigma - 1 / (sigma + _SIGMA)) * options.uc_normalizer
        overlap = OVERLAPS["iou"](predicted, match.truths)
        if options.iou_loss == "mse":
            moved = factor * part / sigma
        else:
            overlap = OVERLAPS["giou"](predicted, match.truths)
            sizes = torch.where(predicted[:, 2:] == 0, 1.0, predicted[:, 2:])
            box = torch.cat((predicted[:, :2], sizes), -1)
            moved = gradient(box, match.truths, options.iou_loss)
            centre = moved[:, :2] - self.head.shift * moved[:, 2:]
            moved = torch.cat((centre, moved[:, 2:] * values[:, 4:8:2].exp()), -1)
        moved = moved * self.box_multiplier(match.classes)[:, None]
        moved, unsure = clipped(moved, options.max_delta), clipped(unsure, options.max_delta)
        return torch.stack((moved, unsure), -1).flatten(1), overlap

    def _wanted(self, match: Match) -> Tensor:
        """[K, 4]: what the means should be."""
        height, width = self.size
        truth = match.truths
        point = truth[:, :2] - self.head.shift * truth[:, 2:]
        where = torch.stack(
            (point[:, 0] * width - match.columns, point[:, 1] * height - match.rows), -1
        )
        scales = (truth[:, 2:] * self._input_size() / match.anchors).log()
        return torch.cat((where, scales), -1)

    def _parts(self, overlaps: Tensor, match: Match) -> dict[str, Tensor]:
        count = max(1, len(match.places))
        everything = sum_of_squares(self.delta)
        rest = sum_of_squares(self.delta[:, self.coordinates :])
        sure = sum_of_squares(self.delta[:, :4]) + rest
        return {
            "count": torch.tensor(float(len(match.places))),
            "iou": overlaps.sum() / count,
            "recall": (overlaps > 0.5).sum() / count,
            "class_loss": rest / self.shape[0],
            "iou_loss": (sure - rest) / self.shape[0],
            "uc_loss": (everything - sure) / self.shape[0],
            "total_loss": everything / self.shape[0],
        }
