"""The loss of [yolo]."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.yolo import Yolo, YoloOptions
from darknet_torch.losses.anchored import AnchoredLoss, Match
from darknet_torch.losses.base import CellLabels, Loss, LossContext, sum_of_squares
from darknet_torch.losses.iou import OVERLAPS, gradient
from darknet_torch.losses.rejection import reject_deltas
from darknet_torch.losses.terms import clipped
from darknet_torch.losses.truths import by_truth_rank

_COORDINATES = 4


def yolo_loss(head: Yolo, x: Tensor, output: Tensor, rows: Tensor, context: LossContext) -> Loss:
    """Delta and cost of a mini-batch.

    Args:
        head: which.
        x: [N, boxes * (5 + classes), H, W], its input.
        output: its output, of the same shape.
        rows: [N, truths, 5 or 6] x, y, w, h (0-1 of the input), class (, track id).
        context: the training around it.

    Source: yolo_layer.c forward_yolo_layer, process_batch, delta_yolo_box (AlexeyAB),
    forward_yolo_layer (pjreddie).
    """
    return _YoloLoss(head, output, rows, context, _COORDINATES).compute()


class _YoloLoss(AnchoredLoss):
    head: Yolo
    options: YoloOptions

    def compute(self) -> Loss:
        predicted = self._boxes(self.values, *self.grid())
        best, which = self.ignore_overlapping(predicted)
        self.assign_overlapping(best, which, self._delta)
        height, width = self.size
        match = self.match(*self.truths.cells(width, height))
        overlaps = self.assign_matched(match, self._delta)
        if self.options.iou_thresh < 1:
            self.average(self.delta[:, self.coordinates] != 0)
        rejection = None
        if self.context.dialect.training.cumulative_yolo:
            self.delta, rejection = reject_deltas(
                self.delta, self.context.rejection, self.context.net, self.context.iteration
            )
        return Loss(
            self.as_input(),
            self._cost(overlaps, match),
            scale=self.options.delta_normalizer,
            parts=self._parts(overlaps, match),
            cell_labels=self._cell_labels(match),
            rejection=rejection,
        )

    def _boxes(self, values: Tensor, column: Tensor, row: Tensor, anchor: Tensor) -> Tensor:
        """[K, 4] in 0-1 of the input. Source: yolo_layer.c get_yolo_box."""
        height, width = self.size
        raw = values[:, 2:4]
        # C's exp and log are of doubles, and what it keeps of them floats.
        factor = raw * raw * 4 if self.options.new_coords else raw.double().exp()
        sizes = (factor * anchor / self._input_size()).float()
        centre = torch.stack(((values[:, 0] + column) / width, (values[:, 1] + row) / height), -1)
        return torch.cat((centre, sizes), -1)

    def _input_size(self) -> Tensor:
        return self.values.new_tensor((self.context.width, self.context.height))

    def _delta(self, values: Tensor, match: Match) -> tuple[Tensor, Tensor]:
        """[K, 4] deltas and [K, 3] IoU, the overlap of the cost, its loss.

        Source: yolo_layer.c delta_yolo_box.
        """
        predicted = self._boxes(values, match.columns, match.rows, match.anchors)
        factor = self.box_multiplier(match.classes)[:, None]
        if self.options.iou_loss == "mse":
            delta = self._squared_delta(values, match) * factor
        else:
            sizes = torch.where(predicted[:, 2:] == 0, 1.0, predicted[:, 2:])
            delta = gradient(
                torch.cat((predicted[:, :2], sizes), -1), match.truths, self.options.iou_loss
            )
            if not self.options.new_coords:
                delta = torch.cat(
                    (delta[:, :2], (delta[:, 2:] * values[:, 2:4].double().exp()).float()), -1
                )
            delta = clipped(delta * factor, self.options.max_delta)
        kind = "giou" if self.options.iou_loss == "giou" else "iou"
        plain = OVERLAPS["iou"](predicted, match.truths)
        return delta, torch.stack((plain, OVERLAPS[kind](predicted, match.truths)), -1)

    def _squared_delta(self, values: Tensor, match: Match) -> Tensor:
        height, width = self.size
        truth = match.truths
        where = torch.stack(
            (truth[:, 0] * width - match.columns, truth[:, 1] * height - match.rows), -1
        )
        sizes = truth[:, 2:] * self._input_size()
        if self.options.new_coords:
            scales = (sizes / (4 * match.anchors)).sqrt()
        else:
            scales = (sizes / match.anchors).double().log().float()
        weight = (2 - truth[:, 2] * truth[:, 3])[:, None]
        return weight * (torch.cat((where, scales), -1) - values[:, :4])

    def _cost(self, overlaps: Tensor, match: Match) -> Tensor:
        """Source: yolo_layer.c forward_yolo_layer, the end of it."""
        everything = sum_of_squares(self.delta)
        plain = not self.context.dialect.training.cumulative_yolo or not self.options.show_details
        if plain or self.options.iou_loss == "mse":
            return everything
        rest = self.options.obj_normalizer * sum_of_squares(self.delta[:, self.coordinates :])
        missed = (1 - overlaps[:, 1]).sum() / max(1, len(match.places))
        return self.options.iou_normalizer * missed + rest

    def _parts(self, overlaps: Tensor, match: Match) -> dict[str, Tensor]:
        count = max(1, len(match.places))
        everything = sum_of_squares(self.delta)
        rest = self.options.obj_normalizer * sum_of_squares(self.delta[:, self.coordinates :])
        return {
            "count": torch.tensor(float(len(match.places))),
            "iou": overlaps[:, 0].sum() / count,
            "recall": (overlaps[:, 0] > 0.5).sum() / count,
            "class_loss": rest / self.shape[0],
            "iou_loss": (everything - rest) / self.shape[0],
            "total_loss": everything / self.shape[0],
        }

    def _cell_labels(self, match: Match) -> CellLabels:
        """The ground truths of the boxes whose anchor fits them best, for [contrastive].

        Boxes matched because of iou_thresh alone have no label, as in C.
        """
        tracks = torch.full((len(self.values),), -1, device=self.values.device)
        classes = tracks.clone()
        best = torch.nonzero(match.fits_best)[:, 0]
        for turn in by_truth_rank(match.places[best]):
            at = match.places[best[turn]]
            tracks[at], classes[at] = match.tracks[best[turn]], match.classes[best[turn]]
        return CellLabels(tracks, classes)
