"""The loss of [region].

Delta, target less prediction times a scale of the cfg: the objectness of boxes that overlap
no ground truth goes towards 0 (noobject_scale); each ground truth is assigned to one box of
its cell, whose coordinates go towards the encoded ground truth (coord_scale), objectness
towards 1 or the IoU (object_scale), and classes towards one-hot (class_scale). With tree=,
the class and its ancestors are the targets.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.heads.base import positions
from darknet_torch.heads.class_map import class_map, known_labels
from darknet_torch.heads.region import Region
from darknet_torch.losses.base import Loss, LossContext, sum_of_squares
from darknet_torch.losses.iou import iou
from darknet_torch.losses.terms import focal_delta, match_statistics
from darknet_torch.losses.truths import Truths, best_truth, by_truth_rank

_ANCHOR_WARMUP = 12800  # pictures during which the target of all boxes is their anchor
_ANCHOR_WARMUP_SCALE = 0.01
_CLASS_ONLY = 100000  # a truth whose x and y are larger has a class but no box


def region_loss(
    head: Region, x: Tensor, output: Tensor, truth_rows: Tensor, context: LossContext
) -> Loss:
    """Compute the delta and cost of a mini-batch.

    Args:
        head: the [region].
        x: its input, [N, boxes * (coords + 1 + classes), H, W].
        output: its output.
        truth_rows: [N, truths, 5 or more] x, y, w, h (0-1 of the input), class; where coords
            is above 4, pjreddie's rows have further coordinates before the class.
        context: the state of the training.

    Source: region_layer.c forward_region_layer, delta_region_box, delta_region_class (both
    code bases).
    """
    return _RegionLoss(head, x, output, truth_rows, context).compute()


@dataclass(frozen=True)
class _Assignment:
    """K ground truths and the boxes they are assigned to, in the order of C's loops.

    Attributes:
        box_indices: [K] int64, into the flat boxes.
        truth_boxes: [K, 4] in 0-1 of the input.
        class_ids: [K] int64, as map= gives them.
        rows: [K, values] the truth rows.
        columns_rows: [K, 2] int64, the cell.
        anchors: [K, 2] width and height in cells.
        ious: [K] IoU of the predicted box with the ground truth.
    """

    box_indices: Tensor
    truth_boxes: Tensor
    class_ids: Tensor
    rows: Tensor
    columns_rows: Tensor
    anchors: Tensor
    ious: Tensor


class _RegionLoss:
    """One mini-batch; boxes lie flat as [M, values] with M = N * H * W * boxes."""

    def __init__(
        self, head: Region, x: Tensor, output: Tensor, truth_rows: Tensor, context: LossContext
    ) -> None:
        self.head, self.options, self.context = head, head.options, context
        count, _, height, width = x.shape
        self.shape = (count, height, width, head.boxes_per_position, head.values_per_box)
        self.values = self._by_box(output).reshape(-1, head.values_per_box).float()
        self.delta = torch.zeros_like(self.values)
        self.objectness_at = head.objectness_at
        self.objectness = self.values[:, self.objectness_at]
        class_at = 4 if head.flat else self.options.coords
        self.map = class_map(head, self.options.map, x.device)
        known_classes = known_labels(head, self.map, checked=head.flat)
        self.truths = Truths.from_rows(truth_rows.float(), known_classes, class_at=class_at)
        self.anchors = head.anchors.to(self.values)
        # AlexeyAB's output has x and y before their logistic function; its delta contains the
        # slope of that function, as well as of the objectness's.
        self.centres = head.logistic(self.values[:, :2]) if head.flat else self.values[:, :2]

    def _by_box(self, output: Tensor) -> Tensor:
        """[N, H, W, boxes, values]"""
        count, height, width, boxes, values = self.shape
        if self.head.flat:
            return output.reshape(self.shape)
        return output.reshape(count, boxes, values, height, width).permute(0, 3, 4, 1, 2)

    def compute(self) -> Loss:
        class_only = self._assign_class_only()
        self._assign_no_object(class_only)
        ious = self._assign_truths(class_only)
        count, height, width, boxes, values = self.shape
        delta = self.delta.reshape(self.shape).permute(0, 3, 4, 1, 2)
        delta = delta.reshape(count, boxes * values, height, width)
        total = {"total_loss": sum_of_squares(self.delta) / count}
        return Loss(delta, sum_of_squares(delta), parts={**match_statistics(ious), **total})

    def _boxes(self) -> Tensor:
        """[M, 4] predicted boxes in 0-1 of the input. Source: region_layer.c get_region_box."""
        _, height, width, _, _ = self.shape
        size = self.values.new_tensor((width, height))
        column, row, anchor = self._grid()
        cell = torch.stack((column, row), -1)
        sizes = (self.values[:, 2:4].double().exp() * anchor / size).float()
        return torch.cat(((self.centres + cell) / size, sizes), -1)

    def _grid(self) -> tuple[Tensor, Tensor, Tensor]:
        """[M] column, [M] row and [M, 2] anchor in cells of every box."""
        shape = self.shape[:4]
        column, row = positions(shape[1], shape[2], self.values)
        columns = column[:, :, None].expand(shape).flatten()
        rows = row[:, :, None].expand(shape).flatten()
        return columns, rows, self.anchors.expand(*shape, 2).reshape(-1, 2)

    def _logistic_gradient(self, activated: Tensor) -> Tensor:
        """The slope of the logistic function, a factor on AlexeyAB's deltas; else 1.

        Source: activations.h logistic_gradient.
        """
        if not self.head.flat:
            return torch.ones_like(activated)
        return activated * (1 - activated)

    def _assign_no_object(self, class_only: Tensor) -> None:
        """Set the objectness target of all boxes to 0, except those above thresh.

        Boxes of pictures that are `class_only`, [N] bool, keep their delta.
        """
        options, objectness = self.options, self.objectness
        ious = iou(self._boxes().reshape(self.shape[0], -1, 1, 4), self.truths.boxes[:, None])
        best_iou, truth_index = (part.flatten() for part in best_truth(ious, self.truths.valid))
        target = 1.0 if options.background else 0.0
        slope = self._logistic_gradient(objectness)
        delta = options.noobject_scale * (target - objectness) * slope
        overlapping = best_iou > options.thresh
        if self.head.flat and options.classfix == -1:
            delta = options.noobject_scale * (best_iou - objectness) * slope
        else:
            delta = torch.where(overlapping, 0.0, delta)
        has_boxes = ~class_only.repeat_interleave(len(best_iou) // self.shape[0])
        before = self.delta[:, self.objectness_at]
        self.delta[:, self.objectness_at] = torch.where(has_boxes, delta, before)
        if self.head.flat and options.classfix > 0:
            self._fix_classes(torch.nonzero(overlapping & has_boxes)[:, 0], truth_index)
        if self.context.seen < _ANCHOR_WARMUP:
            self._assign_anchors(has_boxes)

    def _fix_classes(self, boxes: Tensor, truth_index: Tensor) -> None:
        """Set the class targets of boxes to those of the truths that they overlap (classfix).

        Args:
            boxes: [K] box indices.
            truth_index: [M] index of the truth that each box overlaps most.
        """
        picture = boxes // (len(truth_index) // self.shape[0])
        objectness = self.objectness[boxes]
        factor = objectness if self.options.classfix == 2 else torch.ones_like(objectness)
        # map= is not applied here, as in C.
        class_ids = self.truths.class_ids[picture, truth_index[boxes]]
        self._set_class_delta(boxes, class_ids, self.options.class_scale * factor)

    def _assign_anchors(self, has_boxes: Tensor) -> None:
        """Early in training, the target of every box is its anchor in the middle of its cell."""
        zero = torch.zeros_like(self.values[:, :2])
        delta = self._box_delta(torch.arange(len(self.values)), zero + 0.5, zero)
        scaled = _ANCHOR_WARMUP_SCALE * delta
        self.delta[:, :4] = torch.where(has_boxes[:, None], scaled, self.delta[:, :4])

    def _box_delta(self, boxes: Tensor, target_xy: Tensor, target_wh: Tensor) -> Tensor:
        """[K, 4]: the delta of the coordinates, unscaled.

        Args:
            boxes: [K] box indices.
            target_xy: [K, 2] centre in cells, from the cell's corner.
            target_wh: [K, 2] logarithm of the size in anchors.

        Source: region_layer.c delta_region_box.
        """
        centres = self.centres[boxes]
        delta_xy = (target_xy - centres) * self._logistic_gradient(centres)
        return torch.cat((delta_xy, target_wh - self.values[boxes, 2:4]), -1)

    def _assign_truths(self, class_only: Tensor) -> Tensor:
        """Assign each truth to one box of its cell; the last truth of a box overwrites others.

        Returns:
            [K] IoU of each assigned box with its truth, before the update.
        """
        options, assigned = self.options, self._match(class_only)
        boxes = assigned.box_indices
        box_delta = self._assigned_box_delta(assigned)
        objectness = self.objectness[boxes]
        target = assigned.ious if options.rescore else torch.ones_like(assigned.ious)
        if options.background:
            target = torch.zeros_like(assigned.ious)
        slope = self._logistic_gradient(objectness)
        objectness_delta = options.object_scale * (target - objectness) * slope
        for turn in by_truth_rank(boxes):
            self.delta[boxes[turn], :4] = box_delta[turn]
            self._set_mask_delta(boxes[turn], assigned.rows[turn])
            self.delta[boxes[turn], self.objectness_at] = objectness_delta[turn]
            factor = torch.full_like(objectness_delta[turn], options.class_scale)
            self._set_class_delta(boxes[turn], assigned.class_ids[turn], factor)
        return assigned.ious

    def _match(self, class_only: Tensor) -> _Assignment:
        """Find the box of each truth: the one in its cell that overlaps it most by shape.

        With bias_match the anchors are compared instead of the predicted sizes.
        """
        truths = self.truths
        _, height, width, boxes, _ = self.shape
        picture, index = torch.nonzero(truths.valid & ~class_only[:, None], as_tuple=True)
        truth = truths.boxes[picture, index]
        column, row = (part[picture, index] for part in truths.cells(width, height))
        cell = ((picture * height + row) * width + column) * boxes
        candidates = cell[:, None] + torch.arange(boxes, device=cell.device)
        predicted = self._boxes()[candidates]
        size = truth.new_tensor((width, height))
        shapes = self.anchors / size if self.options.bias_match else predicted[..., 2:]
        shapes = torch.cat(
            (torch.zeros_like(predicted[..., :2]), shapes.expand_as(predicted[..., 2:])), -1
        )
        truth_shapes = torch.cat((torch.zeros_like(truth[:, :2]), truth[:, 2:]), -1)
        best = iou(shapes, truth_shapes[:, None]).argmax(-1)
        class_ids = truths.class_ids[picture, index]
        return _Assignment(
            box_indices=cell + best,
            truth_boxes=truth,
            class_ids=class_ids if self.map is None else self.map[class_ids],
            rows=truths.rows[picture, index],
            columns_rows=torch.stack((column, row), -1),
            anchors=self.anchors[best],
            ious=iou(predicted[torch.arange(len(best)), best], truth),
        )

    def _assigned_box_delta(self, assigned: _Assignment) -> Tensor:
        """[K, 4]: the delta of the coordinates; pjreddie's is larger for small boxes."""
        _, height, width, _, _ = self.shape
        truth = assigned.truth_boxes
        size = truth.new_tensor((width, height))
        target_xy = truth[:, :2] * size - assigned.columns_rows
        target_wh = (truth[:, 2:] * size / assigned.anchors).double().log().float()
        delta = self._box_delta(assigned.box_indices, target_xy, target_wh)
        delta = delta * self.options.coord_scale
        if not self.head.flat:
            delta = delta * (2 - truth[:, 2] * truth[:, 3])[:, None]
        return delta

    def _set_mask_delta(self, boxes: Tensor, rows: Tensor) -> None:
        """Set the deltas of the coordinates after the fourth.

        Args:
            boxes: [K] box indices.
            rows: [K, values] truth rows.

        Source: region_layer.c delta_region_mask (pjreddie).
        """
        more = self.options.coords - 4
        if self.head.flat or not more:
            return
        scale = int(self.options.mask_scale)
        target = rows[:, 5 : 5 + more]
        self.delta[boxes, 4 : 4 + more] = scale * (target - self.values[boxes, 4 : 4 + more])

    def _set_class_delta(self, boxes: Tensor, class_ids: Tensor, factor: Tensor) -> None:
        """Set the class deltas of boxes for one class each.

        Args:
            boxes: [K] box indices, each once.
            class_ids: [K].
            factor: [K] weight.

        Source: region_layer.c delta_region_class (both code bases).
        """
        start, options = self.objectness_at + 1, self.options
        end = start + self.head.classes
        scores, before = self.values[boxes, start:end], self.delta[boxes, start:end]
        if self.head.tree is not None:
            siblings, ancestors = self.head.tree.path(class_ids)
            delta = factor[:, None] * (ancestors.to(scores) - scores)
            self.delta[boxes, start:end] = torch.where(siblings, delta, before)
            return
        column = class_ids[:, None]
        target = torch.zeros_like(scores).scatter_(1, column, 1.0)
        if getattr(options, "focal_loss", False):
            delta = focal_delta(scores, class_ids) * factor[:, None]
        else:
            delta = factor[:, None] * (target - scores)
        if not self.head.flat and not options.softmax:
            has_target = before[:, :1] != 0
            with_this_class = before.scatter(1, column, delta.gather(1, column))
            delta = torch.where(has_target, with_this_class, delta)
        self.delta[boxes, start:end] = delta

    def _assign_class_only(self) -> Tensor:
        """Assign the truths that have a class but no box, to the most probable box.

        That is the box with the largest objectness times class probability.

        Returns:
            [N] bool: pictures with such a truth.

        Source: region_layer.c forward_region_layer, its onlyclass.
        """
        count = self.shape[0]
        class_only = torch.zeros(count, dtype=torch.bool, device=self.values.device)
        if self.head.tree is None or not self.truths.boxes.shape[1]:
            return class_only
        without_box = (self.truths.boxes[..., :2] > _CLASS_ONLY).all(-1) & self.truths.valid
        class_only = without_box.any(1)
        picture = torch.nonzero(class_only)[:, 0]
        if not len(picture):
            return class_only
        class_ids = self.truths.class_ids[picture, without_box[picture].int().argmax(1)]
        start, per_picture = self.objectness_at + 1, len(self.values) // count
        scores = self.values[:, start : start + self.head.classes]
        class_probability = self.head.tree.chain(scores).reshape(count, per_picture, -1)[picture]
        objectness = self.objectness.reshape(count, -1)[picture]
        column = class_ids[:, None, None].expand(-1, per_picture, 1)
        probability = objectness * class_probability.gather(2, column)[..., 0]
        boxes = picture * per_picture + probability.argmax(1)
        factor = torch.full_like(probability[:, 0], self.options.class_scale)
        self._set_class_delta(boxes, class_ids, factor)
        if not self.head.flat:
            ids = torch.arange(per_picture, device=boxes.device)
            everywhere = (picture[:, None] * per_picture + ids).flatten()
            no_object = -self.options.noobject_scale * self.objectness[everywhere]
            self.delta[everywhere, self.objectness_at] = no_object
            self.delta[boxes, self.objectness_at] = 0
        return class_only
