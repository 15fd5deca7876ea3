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
from darknet_torch.losses.anchored import AnchoredLoss
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.iou import giou, iou, iou_gradient
from darknet_torch.losses.terms import clip_delta, match_statistics
from darknet_torch.targets.anchored import Match

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
        self.assign_overlapping(*self.ignore_overlapping())
        ious, _ = self.assign_matched()
        self.average_box_delta()
        total = self.arithmetic.sum_of_squares(self.delta)
        return Loss(
            self.delta_at_input(),
            total,
            scale=self.options.delta_normalizer,
            parts=self._log_parts(ious, total),
        )

    def smooth_objectness_delta(
        self, best_match_iou: Tensor, delta: Tensor, ignored: Tensor, truth_index: Tensor
    ) -> Tensor:
        """The target of ignored boxes is the squared IoU; they have class deltas too."""
        at = torch.nonzero(ignored).unbind(1)
        match = self.match_of(at, truth_index)
        given = (match.class_ids, match.multipliers, None)
        class_delta = self.class_delta(self.by_box(self.values)[at], *given)
        self.by_box(self.delta[:, :, self.coordinates + 1 :])[at] = class_delta
        self.has_class_targets = True
        return self.options.obj_normalizer * (best_match_iou**2 - self.objectness)

    def predicted_boxes(self) -> Tensor:
        """Decode the means, see `AnchoredLoss.predicted_boxes`.

        Source: gaussian_yolo_layer.c get_gaussian_yolo_box.
        """
        means = self.values[:, :, _MEANS]
        given = self.assignment
        sizes = means[:, :, 2:].exp() * self.anchor_maps() / given.input_wh[:, None, None]
        centre = (means[:, :, :2] + self.grid()) / given.map_wh[:, None, None]
        if self.head.shift:
            centre = centre + self.head.shift * sizes
        return torch.cat((centre.transpose(1, 2), sizes.transpose(1, 2)), 1)

    def box_delta(
        self, values: Tensor, predicted: Tensor, match: Match
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[K, 8] deltas of mean and sigma in turn, and twice [K] the IoU or GIoU for the log.

        Source: gaussian_yolo_layer.c delta_gaussian_yolo_box.
        """
        options = self.options
        mean_delta, sigma_delta = self._likelihood_delta(values, match)
        if options.iou_loss != "mse":
            mean_delta = self._iou_delta(values, predicted, match.truth_boxes)
        mean_delta = clip_delta(mean_delta * self.box_weight(match), options.max_delta)
        sigma_delta = clip_delta(sigma_delta, options.max_delta)
        logged_iou = iou if options.iou_loss == "mse" else giou
        ious = logged_iou(predicted, match.truth_boxes)
        return torch.stack((mean_delta, sigma_delta), -1).flatten(1), ious, ious

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
        truth = match.truth_boxes
        point = truth[:, :2] - self.head.shift * truth[:, 2:]
        target_xy = point * self.assignment.map_wh - match.cells
        target_wh = (truth[:, 2:] * self.assignment.input_wh / match.anchors).log()
        return torch.cat((target_xy, target_wh), -1)

    def _iou_delta(self, values: Tensor, predicted: Tensor, truth_boxes: Tensor) -> Tensor:
        """[K, 4]: the gradient of the IoU; for w and h through the exponential."""
        sizes = torch.where(predicted[:, 2:] == 0, 1.0, predicted[:, 2:])
        boxes = torch.cat((predicted[:, :2], sizes), -1)
        delta = iou_gradient(boxes, truth_boxes, self.options.iou_loss, self.arithmetic)
        point_delta = delta[:, :2] - self.head.shift * delta[:, 2:]
        return torch.cat((point_delta, delta[:, 2:] * values[:, _SIZE_MEANS].exp()), -1)

    def _log_parts(self, ious: Tensor, total: Tensor) -> dict[str, Tensor]:
        """The values that C logs: its "iou_loss" is of x and y, its "uc_loss" of w and h."""
        squares, count = self.arithmetic.sum_of_squares, self.shape[0]
        classification = squares(self.delta[:, :, self.coordinates :])
        without_sizes = squares(self.delta[:, :, :4]) + classification
        return {
            **match_statistics(ious),
            "class_loss": classification / count,
            "iou_loss": (without_sizes - classification) / count,
            "uc_loss": (total - without_sizes) / count,
            "total_loss": total / count,
        }
