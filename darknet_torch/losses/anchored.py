"""Common part of the losses of [yolo] and [Gaussian_yolo].

Both heads predict boxes relative to anchors. Their delta is set in the order of C's loops:

1. `AnchoredLoss.ignore_overlapping`: the objectness target of every box is 0; boxes whose
   IoU with a ground truth exceeds ignore_thresh are ignored (their delta is 0).
2. `AnchoredLoss.assign_overlapping`: boxes whose IoU exceeds truth_thresh are assigned the
   ground truth that they overlap most.
3. `AnchoredLoss.assign_matched`: each ground truth is assigned to the boxes that
   `anchor_matching` finds. A later ground truth sees what earlier ones wrote.

An assigned box gets the delta of its coordinates (which each head computes itself), objectness
target 1, and one-hot class targets; each delta is target less prediction, times weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from darknet_torch.heads.base import cell_positions
from darknet_torch.heads.class_map import class_map, count_known_labels
from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.losses.anchor_matching import AnchorMatcher, Match
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.iou import iou
from darknet_torch.losses.terms import class_multipliers, focal_delta
from darknet_torch.losses.truths import Truths, best_truth, by_truth_rank

_MIN_CLASS_SCORE = 0.25  # a box needs such a class score to be ignored, yolo_layer.c


class AnchoredLoss(ABC):
    """Computes one head's delta for one mini-batch, step by step.

    The boxes lie flat: [M, values] with M = N * boxes * H * W.

    Args:
        head: the head.
        output: what its forward returned, [N, boxes * values, H, W].
        truth_rows: Darknet's truth rows, [N, truths, 5 or more].
        context: the state of the training.
        coordinates: number of values of a box before its objectness.

    Attributes:
        values: [M, values], the output.
        delta: [M, values], what has been set so far; 0 at first.
        multipliers: [classes] weights from counters_per_class, or None.
        truths: the ground truths of the mini-batch.
        matcher: pairs them with boxes.
    """

    # Whether an objectness delta that objectness_smooth has set is kept by a match.
    keeps_smoothed_objectness = True
    # Whether a delta of class 0, not of the class itself, means that a box has a class target.
    checks_first_class = False

    def __init__(
        self,
        head: AnchorHead,
        output: Tensor,
        truth_rows: Tensor,
        context: LossContext,
        coordinates: int,
    ) -> None:
        self.head, self.options, self.context = head, head.options, context
        self.coordinates = coordinates
        per_box = head.per_box(output)
        self.shape = per_box.shape  # N, boxes, values, H, W
        self.values = per_box.permute(0, 1, 3, 4, 2).reshape(-1, per_box.shape[2]).float()
        self.delta = torch.zeros_like(self.values)
        self.multipliers = class_multipliers(self.options, output.device)
        label_map = class_map(head, output.device)
        checked = context.dialect.training.cumulative_yolo
        known_classes = count_known_labels(head, label_map, checked=checked)
        self.truths = Truths.from_rows(truth_rows.float(), known_classes)
        input_size = (context.width, context.height)
        self.matcher = AnchorMatcher(head, self.truths, label_map, input_size, self.size)

    @abstractmethod
    def predicted_boxes(
        self, values: Tensor, column: Tensor, row: Tensor, anchor: Tensor
    ) -> Tensor:
        """Decode boxes.

        Args:
            values: [K, values].
            column, row: [K] cell.
            anchor: [K, 2] width and height in pixels.

        Returns:
            [K, 4] centre x, centre y, width, height in 0-1 of the input.
        """

    @abstractmethod
    def box_delta(self, values: Tensor, match: Match) -> tuple[Tensor, Tensor]:
        """Delta of the coordinates of matched boxes.

        Args:
            values: [K, values] of the matched boxes.
            match: their ground truths.

        Returns:
            [K, coordinates] deltas, and the IoUs that the head logs, [K] or [K, kinds].
        """

    @property
    def objectness(self) -> Tensor:
        """[M] predicted objectness, 0-1."""
        return self.values[:, self.coordinates]

    @property
    def scores(self) -> Tensor:
        """[M, classes] predicted class scores, 0-1."""
        return self.values[:, self.coordinates + 1 :]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the map, in cells."""
        return self.shape[3], self.shape[4]

    def input_size(self) -> Tensor:
        """[2] width and height of the network's input, in pixels."""
        return self.values.new_tensor((self.context.width, self.context.height))

    def ignore_overlapping(self) -> tuple[Tensor, Tensor]:
        """Set the objectness target of all boxes to 0, and ignore those that overlap a truth.

        Returns:
            [M] largest IoU with a truth of the picture, and [M] the index of that truth.

        Source: yolo_layer.c process_batch (AlexeyAB), its ignore_thresh.
        """
        options, count = self.options, self.shape[0]
        predicted = self.predicted_boxes(self.values, *self.grid())
        ious = iou(predicted.reshape(count, -1, 1, 4), self.truths.boxes[:, None])
        best_iou, truth_index = (part.flatten() for part in best_truth(ious, self.truths.valid))
        best_match_iou = best_iou
        if self.context.dialect.training.cumulative_yolo:
            has_class = (self.scores > _MIN_CLASS_SCORE).any(-1)
            best_match_iou = torch.where(has_class, best_iou, 0.0)
        delta = -options.obj_normalizer * self.objectness
        ignored = best_match_iou > options.ignore_thresh
        ignored_delta = self.ignored_objectness_delta(best_match_iou, delta, ignored, truth_index)
        self.delta[:, self.coordinates] = torch.where(ignored, ignored_delta, delta)
        return best_iou, truth_index

    def ignored_objectness_delta(
        self, best_match_iou: Tensor, delta: Tensor, ignored: Tensor, truth_index: Tensor
    ) -> Tensor:
        """Objectness delta of ignored boxes: 0; with objectness_smooth the target is the IoU.

        Args:
            best_match_iou: [M].
            delta: [M] the delta towards an objectness of 0.
            ignored: [M] bool.
            truth_index: [M] index of the truth that the box overlaps most.

        Returns:
            [M], meaningful where `ignored`.
        """
        if not self.options.objectness_smooth:
            return torch.zeros_like(delta)
        towards_iou = self.options.obj_normalizer * (best_match_iou - self.objectness)
        return torch.maximum(towards_iou, delta)

    def assign_overlapping(self, best_iou: Tensor, truth_index: Tensor) -> None:
        """Assign to each box above truth_thresh the truth that it overlaps most.

        Args:
            best_iou: [M] largest IoU with a truth.
            truth_index: [M] index of that truth.

        Source: yolo_layer.c process_batch (AlexeyAB), its truth_thresh.
        """
        boxes = torch.nonzero(best_iou > self.options.truth_thresh)[:, 0]
        if not len(boxes):
            return
        match = self.matcher.match_overlapping(boxes, truth_index[boxes])
        best_iou = best_iou[boxes]
        smooth = self.options.objectness_smooth
        target = best_iou**2 if smooth else torch.ones_like(best_iou)
        normalizer = self.options.obj_normalizer
        self.delta[boxes, self.coordinates] = normalizer * (target - self.objectness[boxes])
        self.set_class_delta(boxes, match.class_ids)
        if smooth:
            column = self.coordinates + 1 + match.class_ids
            class_delta = self._class_multiplier(match.class_ids) * (
                target - self.values[boxes, column]
            )
            self.delta[boxes, column] = class_delta
        box_delta, _ = self.box_delta(self.values[boxes], match)
        self.delta[boxes, : self.coordinates] += box_delta

    def assign_matched(self, match: Match) -> Tensor:
        """Assign the matched truths to their boxes, in the order of the truths.

        Returns:
            The IoUs that `box_delta` returned.
        """
        box_delta, ious = self.box_delta(self.values[match.box_indices], match)
        weight = self._class_multiplier(match.class_ids) * self.options.obj_normalizer
        keeps_smoothed = self.keeps_smoothed_objectness and self.options.objectness_smooth
        for turn in by_truth_rank(match.box_indices):
            boxes = match.box_indices[turn]
            if self.context.dialect.training.cumulative_yolo:
                self.delta[boxes, : self.coordinates] += box_delta[turn]
            else:
                self.delta[boxes, : self.coordinates] = box_delta[turn]
            objectness_delta = weight[turn] * (1 - self.objectness[boxes])
            if keeps_smoothed:
                before = self.delta[boxes, self.coordinates]
                objectness_delta = torch.where(before == 0, objectness_delta, before)
            self.delta[boxes, self.coordinates] = objectness_delta
            self.set_class_delta(boxes, match.class_ids[turn])
        return ious

    def set_class_delta(self, boxes: Tensor, class_ids: Tensor) -> None:
        """Set the class deltas of boxes for one ground truth each.

        A box that has a class target already keeps its other class deltas, so that it can
        have several classes.

        Args:
            boxes: [K] box indices, each once.
            class_ids: [K].

        Source: yolo_layer.c delta_yolo_class (both code bases).
        """
        start, options = self.coordinates + 1, self.options
        scores, before = self.scores[boxes], self.delta[boxes, start:]
        column = class_ids[:, None]
        target = torch.zeros_like(scores).scatter_(1, column, 1.0)
        smooth = options.label_smooth_eps
        if smooth:
            target = target * (1 - smooth) + 0.5 * smooth
        all_classes = self._class_delta(target, scores, class_ids)
        this_class = target.gather(1, column) - scores.gather(1, column)
        if self.multipliers is not None:
            this_class = this_class * self.multipliers[column]
        by_first = self.checks_first_class or not self.context.dialect.training.cumulative_yolo
        has_target = (before[:, :1] if by_first else before.gather(1, column)) != 0
        with_this_class = before.scatter(1, column, this_class)
        self.delta[boxes, start:] = torch.where(has_target, with_this_class, all_classes)

    def _class_delta(self, target: Tensor, scores: Tensor, class_ids: Tensor) -> Tensor:
        """[K, classes]: the class deltas of boxes without a class target so far."""
        if getattr(self.options, "focal_loss", False):
            return focal_delta(scores, class_ids)
        delta = target - scores
        if self.multipliers is not None:
            column = class_ids[:, None]
            factor = self.multipliers[column] * self.options.cls_normalizer
            delta = delta.scatter(1, column, delta.gather(1, column) * factor)
        return delta

    def box_weight(self, class_ids: Tensor) -> Tensor:
        """[K]: the weight of the coordinates' delta."""
        if not self.context.dialect.training.cumulative_yolo:
            return torch.ones_like(class_ids, dtype=self.values.dtype)
        return self.options.iou_normalizer * self._class_multiplier(class_ids)

    def _class_multiplier(self, class_ids: Tensor) -> Tensor:
        if self.multipliers is None:
            return torch.ones_like(class_ids, dtype=self.values.dtype)
        return self.multipliers[class_ids]

    def average_box_delta(self, selected: Tensor) -> None:
        """Divide the coordinates' deltas of a box by its number of positive class deltas.

        Args:
            selected: [M] bool, the boxes concerned.

        Source: yolo_layer.c averages_yolo_deltas (AlexeyAB).
        """
        classes = (self.delta[:, self.coordinates + 1 :] > 0).sum(-1, keepdim=True).clamp(min=1)
        box_delta = self.delta[:, : self.coordinates]
        self.delta[:, : self.coordinates] = torch.where(
            selected[:, None], box_delta / classes, box_delta
        )

    def delta_at_input(self) -> Tensor:
        """The delta in the shape of the head's input, [N, boxes * values, H, W]."""
        count, boxes, values, height, width = self.shape
        delta = self.delta.reshape(count, boxes, height, width, values)
        return delta.permute(0, 1, 4, 2, 3).reshape(count, boxes * values, height, width)

    def grid(self) -> tuple[Tensor, Tensor, Tensor]:
        """[M] column, [M] row and [M, 2] anchor in pixels of every box."""
        count, boxes, _, height, width = self.shape
        column, row = cell_positions(height, width, self.values)
        columns = column.expand(count, boxes, height, width).flatten()
        rows = row.expand(count, boxes, height, width).flatten()
        anchors = self.head.anchors.to(self.values)[:, None, None]
        return columns, rows, anchors.expand(count, boxes, height, width, 2).reshape(-1, 2)
