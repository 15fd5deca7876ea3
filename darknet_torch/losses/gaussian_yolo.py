"""The loss of [Gaussian_yolo].

Each coordinate is predicted as a Gaussian: a mean and an uncertainty sigma. The delta of mean
and sigma is the gradient of the log of the Gaussian's density at the ground truth; with an
iou_loss the mean's delta is the gradient of the IoU instead. Objectness and classes as for
[yolo], see `anchored`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from darknet_torch.heads.gaussian_yolo import GaussianYolo, GaussianYoloOptions
from darknet_torch.losses.anchor_matching import Match
from darknet_torch.losses.anchored import AnchoredLoss
from darknet_torch.losses.base import Loss, LossContext, sum_of_squares
from darknet_torch.losses.iou import giou, iou, iou_gradient
from darknet_torch.losses.terms import clip_delta, match_statistics

_COORDINATES = 8  # a mean and a sigma for each of x, y, w, h
_MEANS = slice(0, 8, 2)
_SIGMAS = slice(1, 8, 2)
_SIZE_MEANS = slice(4, 8, 2)
_SIGMA_CONST = 0.3
_EPSILON = 1e-9


def gaussian_yolo_loss(
    head: GaussianYolo, x: Tensor, output: Tensor, truth_rows: Tensor, context: LossContext
) -> Loss:
    """Compute the delta and cost of a mini-batch.

    Args:
        head: the [Gaussian_yolo].
        x: its input, [N, boxes * (9 + classes), H, W].
        output: its output, of the same shape.
        truth_rows: [N, truths, 5 or 6] x, y, w, h (0-1 of the input), class (, track id).
        context: the state of the training.

    Source: gaussian_yolo_layer.c forward_gaussian_yolo_layer, delta_gaussian_yolo_box
    (AlexeyAB).
    """
    return GaussianYoloLoss(head, output, truth_rows, context, _COORDINATES).compute()


class GaussianYoloLoss(AnchoredLoss):
    """Computes the loss of a [Gaussian_yolo] for one mini-batch."""

    head: GaussianYolo
    options: GaussianYoloOptions

    keeps_smoothed_objectness = False
    checks_first_class = True

    def compute(self) -> Loss:
        """Set the delta of all boxes, and return it with its cost."""
        best_iou, truth_index = self.ignore_overlapping()
        self.assign_overlapping(best_iou, truth_index)
        ious = self.assign_matched(self.matcher.match(*self._cells()))
        self.average_box_delta(torch.ones_like(self.objectness, dtype=torch.bool))
        return Loss(
            self.delta_at_input(),
            sum_of_squares(self.delta),
            scale=self.options.delta_normalizer,
            parts=self._log_parts(ious),
        )

    def ignored_objectness_delta(
        self, best_match_iou: Tensor, delta: Tensor, ignored: Tensor, truth_index: Tensor
    ) -> Tensor:
        """Set the squared IoU as target with objectness_smooth, and set the class deltas too."""
        if not self.options.objectness_smooth:
            return torch.zeros_like(delta)
        boxes = torch.nonzero(ignored)[:, 0]
        match = self.matcher.match_overlapping(boxes, truth_index[boxes])
        self.set_class_delta(boxes, match.class_ids)
        return self.options.obj_normalizer * (best_match_iou**2 - self.objectness)

    def _cells(self) -> tuple[Tensor, Tensor]:
        """[N, T] column and row of the cell of each truth's point, as yolo_point chooses it."""
        height, width = self.size
        if not self.head.shift:
            return self.truths.cells(width, height)
        point = self.truths.boxes[..., :2] - self.head.shift * self.truths.boxes[..., 2:]
        column = (point[..., 0] * width).long().clamp(0, width - 1)
        return column, (point[..., 1] * height).long().clamp(0, height - 1)

    def predicted_boxes(
        self, values: Tensor, column: Tensor, row: Tensor, anchor: Tensor
    ) -> Tensor:
        """Decode the means, see `AnchoredLoss.predicted_boxes`.

        Source: gaussian_yolo_layer.c get_gaussian_yolo_box.
        """
        height, width = self.size
        sizes = values[:, _SIZE_MEANS].exp() * anchor / self.input_size()
        point = torch.stack(((values[:, 0] + column) / width, (values[:, 2] + row) / height), -1)
        return torch.cat((point + self.head.shift * sizes, sizes), -1)

    def box_delta(self, values: Tensor, match: Match) -> tuple[Tensor, Tensor]:
        """[K, 8] deltas of mean and sigma in turn, and [K] the IoU or GIoU for the log.

        Source: gaussian_yolo_layer.c delta_gaussian_yolo_box.
        """
        options = self.options
        predicted = self.predicted_boxes(values, match.columns, match.rows, match.anchors)
        mean_delta, sigma_delta = self._likelihood_delta(values, match)
        if options.iou_loss != "mse":
            mean_delta = self._iou_delta(values, predicted, match.truth_boxes)
        mean_delta = mean_delta * self.box_weight(match.class_ids)[:, None]
        mean_delta = clip_delta(mean_delta, options.max_delta)
        sigma_delta = clip_delta(sigma_delta, options.max_delta)
        logged_iou = iou if options.iou_loss == "mse" else giou
        delta = torch.stack((mean_delta, sigma_delta), -1).flatten(1)
        return delta, logged_iou(predicted, match.truth_boxes)

    def _likelihood_delta(self, values: Tensor, match: Match) -> tuple[Tensor, Tensor]:
        """[K, 4] deltas of the means and of the sigmas, which raise the truth's likelihood."""
        scale = (2 - match.truth_boxes[:, 2] * match.truth_boxes[:, 3])[:, None]
        mean, sigma = values[:, _MEANS], values[:, _SIGMAS]
        normalized = (self._target_means(match) - mean) / sigma
        in_exp = -0.5 * normalized**2
        normal_dist = in_exp.exp() / (math.sqrt(2 * math.pi) * (sigma + _SIGMA_CONST))
        temp = 0.5 / (normal_dist + _EPSILON) * normal_dist * scale
        mean_delta = temp * normalized / sigma
        sigma_delta = temp * (normalized**2 / sigma - 1 / (sigma + _SIGMA_CONST))
        return mean_delta, sigma_delta * self.options.uc_normalizer

    def _target_means(self, match: Match) -> Tensor:
        """[K, 4]: the encoded ground truth, which the means should equal."""
        height, width = self.size
        truth = match.truth_boxes
        point = truth[:, :2] - self.head.shift * truth[:, 2:]
        target_xy = torch.stack(
            (point[:, 0] * width - match.columns, point[:, 1] * height - match.rows), -1
        )
        target_wh = (truth[:, 2:] * self.input_size() / match.anchors).log()
        return torch.cat((target_xy, target_wh), -1)

    def _iou_delta(self, values: Tensor, predicted: Tensor, truth_boxes: Tensor) -> Tensor:
        """[K, 4]: the gradient of the IoU; for w and h through the exponential."""
        sizes = torch.where(predicted[:, 2:] == 0, 1.0, predicted[:, 2:])
        boxes = torch.cat((predicted[:, :2], sizes), -1)
        delta = iou_gradient(boxes, truth_boxes, self.options.iou_loss)
        point_delta = delta[:, :2] - self.head.shift * delta[:, 2:]
        return torch.cat((point_delta, delta[:, 2:] * values[:, _SIZE_MEANS].exp()), -1)

    def _log_parts(self, ious: Tensor) -> dict[str, Tensor]:
        """The values that C logs: its "iou_loss" is of x and y, its "uc_loss" of w and h."""
        total = sum_of_squares(self.delta)
        classification = sum_of_squares(self.delta[:, self.coordinates :])
        without_sizes = sum_of_squares(self.delta[:, :4]) + classification
        return {
            **match_statistics(ious),
            "class_loss": classification / self.shape[0],
            "iou_loss": (without_sizes - classification) / self.shape[0],
            "uc_loss": (total - without_sizes) / self.shape[0],
            "total_loss": total / self.shape[0],
        }
