"""The loss of [yolo].

Delta, target less prediction: objectness towards 1 for matched boxes, towards 0 for others
(ignored boxes: 0); classes towards one-hot; coordinates by iou_loss: "mse" towards the
encoded ground truth, otherwise the gradient of IoU, GIoU, DIoU or CIoU. See `anchored`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.yolo import Yolo, YoloOptions
from darknet_torch.losses.anchor_matching import Match
from darknet_torch.losses.anchored import AnchoredLoss
from darknet_torch.losses.base import CellLabels, Loss, LossContext, sum_of_squares
from darknet_torch.losses.iou import giou, iou, iou_gradient
from darknet_torch.losses.rejection import reject_deltas
from darknet_torch.losses.terms import clip_delta, match_statistics
from darknet_torch.losses.truths import by_truth_rank

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
        best_iou, truth_index = self.ignore_overlapping()
        self.assign_overlapping(best_iou, truth_index)
        height, width = self.size
        match = self.matcher.match(*self.truths.cells(width, height))
        ious = self.assign_matched(match)
        if self.options.iou_thresh < 1:
            self.average_box_delta(self.delta[:, self.coordinates] != 0)
        rejection = None
        if self.context.dialect.training.cumulative_yolo:
            self.delta, rejection = reject_deltas(
                self.delta, self.context.rejection, self.context.net, self.context.iteration
            )
        return Loss(
            self.delta_at_input(),
            self._cost(ious),
            scale=self.options.delta_normalizer,
            parts=self._log_parts(ious),
            cell_labels=self._cell_labels(match),
            rejection=rejection,
        )

    def predicted_boxes(
        self, values: Tensor, column: Tensor, row: Tensor, anchor: Tensor
    ) -> Tensor:
        """See `AnchoredLoss.predicted_boxes`. Source: yolo_layer.c get_yolo_box."""
        height, width = self.size
        raw = values[:, 2:4]
        # C's exp and log are of doubles, and it stores their results as floats.
        factor = raw * raw * 4 if self.options.new_coords else raw.double().exp()
        sizes = (factor * anchor / self.input_size()).float()
        centre = torch.stack(((values[:, 0] + column) / width, (values[:, 1] + row) / height), -1)
        return torch.cat((centre, sizes), -1)

    def box_delta(self, values: Tensor, match: Match) -> tuple[Tensor, Tensor]:
        """[K, 4] deltas of x, y, w, h, and [K, 2]: the IoU, and the IoU or GIoU of the cost.

        Source: yolo_layer.c delta_yolo_box.
        """
        predicted = self.predicted_boxes(values, match.columns, match.rows, match.anchors)
        weight = self.box_weight(match.class_ids)[:, None]
        if self.options.iou_loss == "mse":
            delta = self._mse_delta(values, match) * weight
        else:
            delta = self._iou_delta(values, predicted, match.truth_boxes) * weight
            delta = clip_delta(delta, self.options.max_delta)
        cost_iou = giou if self.options.iou_loss == "giou" else iou
        pair = (predicted, match.truth_boxes)
        return delta, torch.stack((iou(*pair), cost_iou(*pair)), -1)

    def _iou_delta(self, values: Tensor, predicted: Tensor, truth_boxes: Tensor) -> Tensor:
        """[K, 4]: the gradient of the IoU; for w and h through the exponential."""
        sizes = torch.where(predicted[:, 2:] == 0, 1.0, predicted[:, 2:])
        boxes = torch.cat((predicted[:, :2], sizes), -1)
        delta = iou_gradient(boxes, truth_boxes, self.options.iou_loss)
        if self.options.new_coords:
            return delta
        size_delta = (delta[:, 2:] * values[:, 2:4].double().exp()).float()
        return torch.cat((delta[:, :2], size_delta), -1)

    def _mse_delta(self, values: Tensor, match: Match) -> Tensor:
        """[K, 4]: encoded ground truth less prediction, larger for small boxes."""
        height, width = self.size
        truth = match.truth_boxes
        target_xy = torch.stack(
            (truth[:, 0] * width - match.columns, truth[:, 1] * height - match.rows), -1
        )
        sizes = truth[:, 2:] * self.input_size()
        if self.options.new_coords:
            target_wh = (sizes / (4 * match.anchors)).sqrt()
        else:
            target_wh = (sizes / match.anchors).double().log().float()
        scale = (2 - truth[:, 2] * truth[:, 3])[:, None]
        return scale * (torch.cat((target_xy, target_wh), -1) - values[:, :4])

    def _cost(self, ious: Tensor) -> Tensor:
        """The cost that Darknet prints. Source: end of yolo_layer.c forward_yolo_layer."""
        total = sum_of_squares(self.delta)
        squares_only = (
            not self.context.dialect.training.cumulative_yolo or not self.options.show_details
        )
        if squares_only or self.options.iou_loss == "mse":
            return total
        mean_iou_loss = (1 - ious[:, 1]).sum() / max(1, len(ious))
        return self.options.iou_normalizer * mean_iou_loss + self._classification_loss()

    def _classification_loss(self) -> Tensor:
        """Squared deltas of objectness and classes.

        Source: yolo_layer.c forward_yolo_layer, its classification_loss.
        """
        return self.options.obj_normalizer * sum_of_squares(self.delta[:, self.coordinates :])

    def _log_parts(self, ious: Tensor) -> dict[str, Tensor]:
        total = sum_of_squares(self.delta)
        classification = self._classification_loss()
        return {
            **match_statistics(ious[:, 0]),
            "class_loss": classification / self.shape[0],
            "iou_loss": (total - classification) / self.shape[0],
            "total_loss": total / self.shape[0],
        }

    def _cell_labels(self, match: Match) -> CellLabels:
        """The ground truths of the boxes whose anchor fits them best, for [contrastive].

        Boxes matched because of iou_thresh alone have no label, as in C.
        """
        tracks = torch.full((len(self.values),), -1, device=self.values.device)
        classes = tracks.clone()
        best = torch.nonzero(match.fits_best)[:, 0]
        for turn in by_truth_rank(match.box_indices[best]):
            boxes = match.box_indices[best[turn]]
            tracks[boxes] = match.track_ids[best[turn]]
            classes[boxes] = match.class_ids[best[turn]]
        return CellLabels(tracks, classes)
