"""Common part of the losses of [yolo] and [Gaussian_yolo].

Both heads predict boxes relative to anchors. Their delta is set in the order of C's loops:

1. `AnchoredLoss.ignore_overlapping`: the objectness target of every box is 0; boxes whose
   IoU with a ground truth exceeds ignore_thresh are ignored (their delta is 0).
2. `AnchoredLoss.assign_overlapping`: boxes whose IoU exceeds truth_thresh are assigned the
   ground truth that they overlap most.
3. `AnchoredLoss.assign_matched`: each ground truth is assigned to the boxes that
   `darknet_torch.targets.anchored` has found. A later ground truth sees what earlier ones wrote.

An assigned box gets the delta of its coordinates (which each head computes itself), objectness
target 1, and one-hot class targets; each delta is target less prediction, times weights.

Nothing is read back from the device, but for step 2 where truth_thresh is below 1, and for
objectness_smooth of [Gaussian_yolo]: how many boxes they concern depends on the predictions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from darknet_torch.heads.base import cell_positions
from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.losses.assignments import assignment_of
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.iou import best_truth, largest_iou
from darknet_torch.losses.terms import focal_delta
from darknet_torch.targets.anchored import AnchoredAssignment, Match

_MIN_CLASS_SCORE = 0.25  # a box needs such a class score to be ignored, yolo_layer.c


class AnchoredLoss(ABC):
    """Computes one head's delta for one mini-batch, step by step.

    Args:
        head: the head.
        output: what its forward returned, [N, boxes * values, H, W].
        truth_rows: Darknet's truth rows, [N, truths, 5 or more].
        context: the state of the training.
        coordinates: number of values of a box before its objectness.

    Attributes:
        values: [N, boxes, values, H, W], the output.
        delta: of the same shape, what has been set so far; 0 at first.
        assignment: the ground truths of the mini-batch.
        predicted: [N, 4, boxes, H, W], the predicted boxes, in 0-1 of the input.
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
        self.arithmetic = head.arithmetic
        self.cumulative = context.dialect.training.cumulative_yolo
        self.coordinates = coordinates
        self.values = head.per_box(output).float()
        self.shape = self.values.shape
        self.delta = torch.zeros_like(self.values)
        assignment = assignment_of(head, truth_rows, context, self.size)
        assert isinstance(assignment, AnchoredAssignment)
        self.assignment = assignment
        self.predicted = self.predicted_boxes()
        self.has_class_targets = False  # before `assign_matched`

    @abstractmethod
    def predicted_boxes(self) -> Tensor:
        """Decode all boxes.

        Returns:
            [N, 4, boxes, H, W] centre x, centre y, width, height in 0-1 of the input.
        """

    @abstractmethod
    def box_delta(
        self, values: Tensor, predicted: Tensor, match: Match
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Delta of the coordinates of matched boxes.

        Args:
            values: [K, values] of the matched boxes.
            predicted: [K, 4], these boxes decoded.
            match: their ground truths.

        Returns:
            [K, coordinates] deltas, and the IoUs that the log and the cost contain, both [K].
        """

    @property
    def objectness(self) -> Tensor:
        """[N, boxes, H, W] predicted objectness, 0-1."""
        return self.values[:, :, self.coordinates]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the map, in cells."""
        return self.shape[3], self.shape[4]

    def by_box(self, maps: Tensor) -> Tensor:
        """A view [N, boxes, H, W, values] of [N, boxes, values, H, W]."""
        return maps.permute(0, 1, 3, 4, 2)

    def predicted_at(self, at: tuple[Tensor, ...]) -> Tensor:
        """[K, 4] predicted boxes, those at four [K] indices into [N, boxes, H, W]."""
        return self.predicted.permute(0, 2, 3, 4, 1)[at]

    def grid(self) -> Tensor:
        """[2, H, W] column and row of each cell."""
        column, row = cell_positions(*self.size, self.values)
        return torch.stack((column.expand(self.size), row.expand(self.size)))

    def anchor_maps(self) -> Tensor:
        """[boxes, 2, 1, 1] widths and heights of the anchors, in pixels."""
        return self.head.anchors.to(self.values)[:, :, None, None]

    def ignore_overlapping(self) -> tuple[Tensor, Tensor | None]:
        """Set the objectness target of all boxes to 0, and ignore those that overlap a truth.

        Returns:
            [N, boxes, H, W] largest IoU with a truth of the picture, and the index of that truth,
            None if no option needs it.

        Source: yolo_layer.c process_batch (AlexeyAB), its ignore_thresh.
        """
        options, objectness = self.options, self.objectness
        best_iou, truth_index = self._best_truth()
        best_match_iou = best_iou
        if self.cumulative:
            has_class = self.values[:, :, self.coordinates + 1 :].amax(2) > _MIN_CLASS_SCORE
            best_match_iou = best_iou * has_class
        delta = -options.obj_normalizer * objectness
        ignored = best_match_iou > options.ignore_thresh
        if truth_index is not None and options.objectness_smooth:
            other = self.smooth_objectness_delta(best_match_iou, delta, ignored, truth_index)
            delta = torch.where(ignored, other, delta)
        else:
            delta = delta.masked_fill(ignored, 0)
        self.delta[:, :, self.coordinates] = delta
        return best_iou, truth_index

    def _best_truth(self) -> tuple[Tensor, Tensor | None]:
        """The largest IoU of each box with a truth; its index where an option needs it."""
        boxes, truths = self.predicted.flatten(2), self.assignment.truth_boxes
        if not (self.options.objectness_smooth or self.assigns_overlapping):
            return largest_iou(boxes, truths).reshape(self.objectness.shape), None
        found = best_truth(boxes, truths)
        best_iou, truth_index = (part.reshape(self.objectness.shape) for part in found)
        return best_iou, truth_index

    @property
    def assigns_overlapping(self) -> bool:
        """Whether boxes above truth_thresh are assigned."""
        return self.options.truth_thresh < 1 or self.arithmetic.exact_order

    def smooth_objectness_delta(
        self, best_match_iou: Tensor, delta: Tensor, ignored: Tensor, truth_index: Tensor
    ) -> Tensor:
        """Objectness delta of ignored boxes with objectness_smooth: the target is the IoU.

        Args:
            best_match_iou: [N, boxes, H, W].
            delta: the delta towards an objectness of 0, of the same shape.
            ignored: bool, of the same shape.
            truth_index: index of the truth that the box overlaps most, of the same shape.

        Returns:
            [N, boxes, H, W], meaningful where `ignored`.
        """
        towards_iou = self.options.obj_normalizer * (best_match_iou - self.objectness)
        return torch.maximum(towards_iou, delta)

    def assign_overlapping(self, best_iou: Tensor, truth_index: Tensor | None) -> None:
        """Assign to each box above truth_thresh the truth that it overlaps most.

        Args:
            best_iou: [N, boxes, H, W] largest IoU with a truth.
            truth_index: index of that truth, of the same shape; None only if nothing is assigned.

        Source: yolo_layer.c process_batch (AlexeyAB), its truth_thresh.
        Differs: with truth_thresh=1, the default, nothing is assigned but in C's order of
        arithmetic. An IoU above 1 is a rounding error of two equal boxes.
        """
        if truth_index is None or not self.assigns_overlapping:
            return
        at = torch.nonzero(best_iou > self.options.truth_thresh).unbind(1)
        if not len(at[0]):
            return
        match = self.match_of(at, truth_index)
        values = self.by_box(self.values)[at]
        before = self.by_box(self.delta)[at] if self.has_class_targets else None
        self.has_class_targets = True
        best_iou = best_iou[at]
        smooth = self.options.objectness_smooth
        target = best_iou**2 if smooth else torch.ones_like(best_iou)
        objectness_delta = self.options.obj_normalizer * (target - values[:, self.coordinates])
        class_delta = self.class_delta(values, match.class_ids, match.multipliers, before)
        if smooth:
            column = match.class_ids[:, None]
            score = values.gather(1, self.coordinates + 1 + column)
            this_class = match.multipliers[:, None] * (target[:, None] - score)
            class_delta = class_delta.scatter(1, column, this_class)
        box_delta, _, _ = self.box_delta(values, self.predicted_at(at), match)
        delta = torch.cat((box_delta, objectness_delta[:, None], class_delta), 1)
        self.by_box(self.delta)[at] = delta

    def match_of(self, at: tuple[Tensor, ...], truth_index: Tensor) -> Match:
        """Pair boxes with the truths that they overlap most.

        Args:
            at: four [K] int64, where the boxes are in [N, boxes, H, W].
            truth_index: [N, boxes, H, W] index of the truth within the picture.
        """
        picture, box, row, column = at
        truth = (picture, truth_index[at])
        given = self.assignment
        return Match(
            *(picture, box, row, column, given.truth_classes[truth]),
            truth_boxes=given.truth_boxes[truth],
            anchors=self.head.anchors.to(self.values)[box],
            cells=torch.stack((column, row), -1),
            multipliers=given.truth_multipliers[truth],
        )

    def assign_matched(self) -> tuple[Tensor, Tensor]:
        """Assign the matched truths to their boxes, in the order of the truths.

        Returns:
            The IoUs that `box_delta` returned.
        """
        match, at_objectness = self.assignment.match, self.coordinates
        values = self.by_box(self.values)[match.at]
        predicted = self.predicted_at(match.at)
        box_delta, *ious = self.box_delta(values, predicted, match)
        objectness_delta = self.options.obj_normalizer * (1 - values[:, at_objectness, None])
        if self.options.counters_per_class:
            objectness_delta = match.multipliers[:, None] * objectness_delta
        parts = torch.cat((box_delta, objectness_delta), 1)
        sizes = self.assignment.rounds
        starts = [sum(sizes[:index]) for index in range(len(sizes))]
        for start, size in zip(starts, sizes, strict=True):
            turn = slice(start, start + size)
            at = tuple(part[turn] for part in match.at)
            # The first round finds nothing but the objectness delta that it replaces.
            smooth = self.keeps_smoothed_objectness and self.options.objectness_smooth
            untouched = start == 0 and not self.has_class_targets and not smooth
            before = None if untouched else self.by_box(self.delta)[at]
            own = parts[turn] if before is None else self._added_to(before, parts[turn], smooth)
            given = (match.class_ids[turn], match.multipliers[turn])
            class_delta = self.class_delta(values[turn], *given, before)
            self.by_box(self.delta)[at] = torch.cat((own, class_delta), 1)
        return ious[0], ious[1]

    def _added_to(self, before: Tensor, delta: Tensor, keeps_objectness: bool) -> Tensor:
        """Combine the deltas of coordinates and objectness with those of earlier truths.

        Args:
            before: [K, values] the boxes' deltas so far.
            delta: [K, coordinates + 1] those of the next truth.
            keeps_objectness: whether an objectness delta that is there stays.
        """
        box_delta, objectness_delta = delta.split((self.coordinates, 1), 1)
        if self.cumulative:
            box_delta = before[:, : self.coordinates] + box_delta
        if keeps_objectness:
            smoothed = before[:, self.coordinates, None]
            objectness_delta = torch.where(smoothed == 0, objectness_delta, smoothed)
        return torch.cat((box_delta, objectness_delta), 1)

    def class_delta(
        self, values: Tensor, class_ids: Tensor, multipliers: Tensor, before: Tensor | None
    ) -> Tensor:
        """The class deltas of boxes for one ground truth each.

        A box that has a class target already keeps its other class deltas, so that it can
        have several classes.

        Args:
            values: [K, values] of the boxes.
            class_ids: [K].
            multipliers: [K] weights of these classes.
            before: [K, values] the boxes' deltas so far; None if none has a class target.

        Returns:
            [K, classes].

        Source: yolo_layer.c delta_yolo_class (both code bases).
        """
        scores, column = values[:, self.coordinates + 1 :], class_ids[:, None]
        target = torch.zeros_like(scores).scatter_(1, column, 1.0)
        smooth = self.options.label_smooth_eps
        if smooth:
            target = target * (1 - smooth) + 0.5 * smooth
        all_classes = self._one_class_delta(target, scores, class_ids, multipliers)
        if before is None:
            return all_classes
        this_class = target.gather(1, column) - scores.gather(1, column)
        this_class = this_class * multipliers[:, None]
        before = before[:, self.coordinates + 1 :]
        by_first = self.checks_first_class or not self.cumulative
        has_target = (before[:, :1] if by_first else before.gather(1, column)) != 0
        return torch.where(has_target, before.scatter(1, column, this_class), all_classes)

    def _one_class_delta(
        self, target: Tensor, scores: Tensor, class_ids: Tensor, multipliers: Tensor
    ) -> Tensor:
        """[K, classes]: the class deltas of boxes without a class target so far."""
        if getattr(self.options, "focal_loss", False):
            return focal_delta(scores, class_ids)
        delta = target - scores
        if self.options.counters_per_class:
            column = class_ids[:, None]
            factor = multipliers[:, None] * self.options.cls_normalizer
            delta = delta.scatter(1, column, delta.gather(1, column) * factor)
        return delta

    def box_weight(self, match: Match) -> Tensor | float:
        """The weight of the coordinates' delta, [K, 1] or one for all."""
        if not self.cumulative:
            return 1.0
        if not self.options.counters_per_class:
            return self.options.iou_normalizer
        return self.options.iou_normalizer * match.multipliers[:, None]

    def average_box_delta(self, selected: Tensor | None = None) -> None:
        """Divide the coordinates' deltas of a box by its number of positive class deltas.

        Args:
            selected: [N, boxes, H, W] bool, the boxes concerned; None for all.

        Source: yolo_layer.c averages_yolo_deltas (AlexeyAB).
        """
        positive = self.delta[:, :, self.coordinates + 1 :] > 0
        classes = positive.sum(2, keepdim=True).clamp_(min=1)
        if selected is not None:
            classes = torch.where(selected[:, :, None], classes, 1)
        self.delta[:, :, : self.coordinates].div_(classes)

    def delta_at_input(self) -> Tensor:
        """The delta in the shape of the head's input, [N, boxes * values, H, W]."""
        return self.delta.flatten(1, 2)
