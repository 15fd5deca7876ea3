"""The loss of [yolo].

Delta, target less prediction: objectness towards 1 for matched boxes, towards 0 for others
(ignored boxes: 0); classes towards one-hot; coordinates by iou_loss: "mse" towards the
encoded ground truth, otherwise the gradient of IoU, GIoU, DIoU or CIoU. See `anchored`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.yolo import Yolo, YoloOptions
from darknet_torch.losses.anchored import AnchoredLoss
from darknet_torch.losses.base import CellLabels, Loss, LossContext
from darknet_torch.losses.iou import giou, iou, iou_gradient
from darknet_torch.losses.rejection import RejectionState, reject_deltas
from darknet_torch.losses.terms import clip_delta, match_statistics
from darknet_torch.targets.anchored import Match

_COORDINATES = 4


def yolo_loss(
    head: Yolo, x: Tensor, output: Tensor, truth_rows: Tensor, context: LossContext
) -> Loss:
    """Compute the delta and cost of a mini-batch.

    Args:
        head: the [yolo].
        x: its input, [N, boxes * (5 + classes), H, W].
        output: its output, of the same shape.
        truth_rows: [N, truths, 5 or 6] x, y, w, h (0-1 of the input), class (, track id).
        context: the state of the training.

    Source: yolo_layer.c forward_yolo_layer, process_batch, delta_yolo_box (AlexeyAB),
    forward_yolo_layer (pjreddie).
    """
    return YoloLoss(head, output, truth_rows, context, _COORDINATES).compute()


class YoloLoss(AnchoredLoss):
    """Computes the loss of a [yolo] for one mini-batch."""

    head: Yolo
    options: YoloOptions

    def compute(self) -> Loss:
        """Set the delta of all boxes, and return it with its cost."""
        self.assign_overlapping(*self.ignore_overlapping())
        ious, cost_ious = self.assign_matched()
        if self.options.iou_thresh < 1:
            self.average_box_delta(self.delta[:, :, self.coordinates] != 0)
        rejection = self._reject() if self.cumulative else None
        total = self.arithmetic.sum_of_squares(self.delta)
        # Squared deltas of objectness and classes, forward_yolo_layer's classification_loss.
        classification = self.arithmetic.sum_of_squares(self.delta[:, :, self.coordinates :])
        classification = self.options.obj_normalizer * classification
        return Loss(
            self.delta_at_input(),
            self._cost(cost_ious, total, classification),
            scale=self.options.delta_normalizer,
            parts=self._log_parts(ious, total, classification),
            cell_labels=CellLabels(*self.assignment.track_labels),
            rejection=rejection,
        )

    def _reject(self) -> RejectionState:
        """Reject bad labels, see `reject_deltas`."""
        context = self.context
        delta, rejection = reject_deltas(
            self.by_box(self.delta), context.rejection, context.net, context.iteration
        )
        self.delta = delta.permute(0, 1, 4, 2, 3)
        return rejection

    def predicted_boxes(self) -> Tensor:
        """See `AnchoredLoss.predicted_boxes`. Source: yolo_layer.c get_yolo_box."""
        raw = self.values[:, :, 2:4]
        # C's exp and log are of doubles, and it stores their results as floats.
        factor = raw * raw * 4 if self.options.new_coords else self._exponential(raw)
        sizes = factor * self.anchor_maps() / self.assignment.input_wh[:, None, None]
        centre = (self.values[:, :, :2] + self.grid()) / self.assignment.map_wh[:, None, None]
        return torch.cat((centre.transpose(1, 2), sizes.float().transpose(1, 2)), 1)

    def _exponential(self, raw: Tensor) -> Tensor:
        return self.arithmetic.to_compute(raw).exp()

    def box_delta(
        self, values: Tensor, predicted: Tensor, match: Match
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[K, 4] deltas of x, y, w, h; the IoU, and the IoU or GIoU of the cost, both [K].

        Source: yolo_layer.c delta_yolo_box.
        """
        if self.options.iou_loss == "mse":
            delta = self._mse_delta(values, match) * self.box_weight(match)
        else:
            delta = self._iou_delta(values, predicted, match.truth_boxes)
            delta = clip_delta(delta * self.box_weight(match), self.options.max_delta)
        ious = iou(predicted, match.truth_boxes)
        is_giou = self.options.iou_loss == "giou"
        return delta, ious, giou(predicted, match.truth_boxes) if is_giou else ious

    def _iou_delta(self, values: Tensor, predicted: Tensor, truth_boxes: Tensor) -> Tensor:
        """[K, 4]: the gradient of the IoU; for w and h through the exponential."""
        sizes = torch.where(predicted[:, 2:] == 0, 1.0, predicted[:, 2:])
        boxes = torch.cat((predicted[:, :2], sizes), -1)
        delta = iou_gradient(boxes, truth_boxes, self.options.iou_loss, self.arithmetic)
        if self.options.new_coords:
            return delta
        size_delta = (delta[:, 2:] * self._exponential(values[:, 2:4])).float()
        return torch.cat((delta[:, :2], size_delta), -1)

    def _mse_delta(self, values: Tensor, match: Match) -> Tensor:
        """[K, 4]: encoded ground truth less prediction, larger for small boxes."""
        truth = match.truth_boxes
        target_xy = truth[:, :2] * self.assignment.map_wh - match.cells
        sizes = truth[:, 2:] * self.assignment.input_wh
        if self.options.new_coords:
            target_wh = (sizes / (4 * match.anchors)).sqrt()
        else:
            target_wh = self.arithmetic.to_compute(sizes / match.anchors).log().float()
        scale = (2 - truth[:, 2] * truth[:, 3])[:, None]
        return scale * (torch.cat((target_xy, target_wh), -1) - values[:, :4])

    def _cost(self, ious: Tensor, total: Tensor, classification: Tensor) -> Tensor:
        """The cost that Darknet prints. Source: end of yolo_layer.c forward_yolo_layer.

        Args:
            ious: [K] of each matched box with its ground truth.
            total, classification: sums of squared deltas.
        """
        squares_only = not self.cumulative or not self.options.show_details
        if squares_only or self.options.iou_loss == "mse":
            return total
        mean_iou_loss = (1 - ious).sum() / max(1, len(ious))
        return self.options.iou_normalizer * mean_iou_loss + classification

    def _log_parts(self, ious: Tensor, total: Tensor, classification: Tensor) -> dict[str, Tensor]:
        count = self.shape[0]
        return {
            **match_statistics(ious),
            "class_loss": classification / count,
            "iou_loss": (total - classification) / count,
            "total_loss": total / count,
        }
