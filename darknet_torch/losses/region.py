"""The loss of [region].

Delta, target less prediction times a scale of the cfg: the objectness of boxes that overlap
no ground truth goes towards 0 (noobject_scale); each ground truth is assigned to one box of
its cell, whose coordinates go towards the encoded ground truth (coord_scale), objectness
towards 1 or the IoU (object_scale), and classes towards one-hot (class_scale). With tree=,
the class and its ancestors are the targets.

Nothing is read back from the device, but with classfix above 0: how many boxes it concerns
depends on the predictions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.base import cell_positions
from darknet_torch.heads.region import Region
from darknet_torch.losses.assignments import assignment_of
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.iou import best_truth, iou
from darknet_torch.losses.terms import focal_delta, match_statistics
from darknet_torch.targets.region import RegionAssignment

_ANCHOR_WARMUP = 12800  # pictures during which the target of all boxes is their anchor
_ANCHOR_WARMUP_SCALE = 0.01


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
        self.arithmetic = head.arithmetic
        self.objectness_at = head.objectness_at
        self.objectness = self.values[:, self.objectness_at]
        assignment = assignment_of(head, truth_rows, context, (height, width))
        assert isinstance(assignment, RegionAssignment)
        self.assignment = assignment
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
        self._assign_class_only()
        predicted = self._boxes()
        self._assign_no_object(predicted)
        ious = self._assign_truths(predicted)
        count, height, width, boxes, values = self.shape
        delta = self.delta.reshape(self.shape).permute(0, 3, 4, 1, 2)
        delta = delta.reshape(count, boxes * values, height, width)
        total = self.arithmetic.sum_of_squares(delta)
        parts = {**match_statistics(ious), "total_loss": total / count}
        return Loss(delta, total, parts=parts)

    def _boxes(self) -> Tensor:
        """[M, 4] predicted boxes in 0-1 of the input. Source: region_layer.c get_region_box."""
        shape, size = self.shape[:4], self.assignment.map_wh
        column, row = cell_positions(shape[1], shape[2], self.values)
        cells = torch.stack((column.expand(shape[1:3]), row.expand(shape[1:3])), -1)
        raw = self.arithmetic.to_compute(self.values[:, 2:4]).reshape(*shape, 2)
        sizes = (raw.exp() * self.anchors / size).float()
        centres = (self.centres.reshape(*shape, 2) + cells[:, :, None]) / size
        return torch.cat((centres, sizes), -1).reshape(-1, 4)

    def _logistic_gradient(self, activated: Tensor) -> Tensor:
        """The slope of the logistic function, a factor on AlexeyAB's deltas; else 1.

        Source: activations.h logistic_gradient.
        """
        if not self.head.flat:
            return torch.ones_like(activated)
        return activated * (1 - activated)

    def _assign_no_object(self, boxes: Tensor) -> None:
        """Set the objectness target of all boxes to 0, except those above thresh.

        Boxes of pictures with a truth that has no box keep their delta.

        Args:
            boxes: [M, 4] predicted boxes.
        """
        options, objectness = self.options, self.objectness
        per_picture = boxes.reshape(self.shape[0], -1, 4).transpose(1, 2)
        found = best_truth(per_picture, self.assignment.truth_boxes)
        best_iou, truth_index = (part.flatten() for part in found)
        target = 1.0 if options.background else 0.0
        slope = self._logistic_gradient(objectness)
        delta = options.noobject_scale * (target - objectness) * slope
        overlapping = best_iou > options.thresh
        if self.head.flat and options.classfix == -1:
            delta = options.noobject_scale * (best_iou - objectness) * slope
        else:
            delta = delta.masked_fill(overlapping, 0)
        has_boxes = self._has_boxes()
        before = self.delta[:, self.objectness_at]
        self.delta[:, self.objectness_at] = torch.where(has_boxes, delta, before)
        if self.head.flat and options.classfix > 0:
            self._fix_classes(torch.nonzero(overlapping & has_boxes)[:, 0], truth_index)
        if self.context.seen < _ANCHOR_WARMUP:
            self._assign_anchors(has_boxes)

    def _has_boxes(self) -> Tensor:
        """[M] bool: whether the picture of a box has no truth without a box."""
        _, height, width, boxes, _ = self.shape
        per_picture = (self.shape[0], height * width * boxes)
        return (self.assignment.is_class_only == 0)[:, None].expand(per_picture).flatten()

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
        class_ids = self.assignment.truth_classes[picture, truth_index[boxes]]
        self._set_class_delta(boxes, class_ids, self.options.class_scale * factor)

    def _assign_anchors(self, has_boxes: Tensor) -> None:
        """Early in training, the target of every box is its anchor in the middle of its cell."""
        zero = torch.zeros_like(self.values[:, :2])
        delta = self._box_delta(self.centres, self.values, zero + 0.5, zero)
        scaled = _ANCHOR_WARMUP_SCALE * delta
        self.delta[:, :4] = torch.where(has_boxes[:, None], scaled, self.delta[:, :4])

    def _box_delta(
        self, centres: Tensor, values: Tensor, target_xy: Tensor, target_wh: Tensor
    ) -> Tensor:
        """[K, 4]: the delta of the coordinates, unscaled.

        Args:
            centres: [K, 2] the predicted centre in cells, from the cell's corner.
            values: [K, values] of the boxes.
            target_xy: [K, 2] centre in cells, from the cell's corner.
            target_wh: [K, 2] logarithm of the size in anchors.

        Source: region_layer.c delta_region_box.
        """
        delta_xy = (target_xy - centres) * self._logistic_gradient(centres)
        return torch.cat((delta_xy, target_wh - values[:, 2:4]), -1)

    def _assign_truths(self, predicted: Tensor) -> Tensor:
        """Assign each truth to one box of its cell; the last truth of a box overwrites others.

        Args:
            predicted: [M, 4] predicted boxes.

        Returns:
            [K] IoU of each assigned box with its truth, before the update.
        """
        options, assignment = self.options, self.assignment
        best, boxes = self._match(predicted)
        box_delta = self._assigned_box_delta(best, boxes)
        ious = iou(predicted[boxes], assignment.assigned_boxes)
        objectness = self.objectness[boxes]
        target: Tensor | float = ious if options.rescore else 1.0
        if options.background:
            target = 0.0
        slope = self._logistic_gradient(objectness)
        objectness_delta = options.object_scale * (target - objectness) * slope
        start = 0
        for size in assignment.rounds:
            turn = slice(start, start + size)
            at = boxes[turn]
            self.delta[at, :4] = box_delta[turn]
            self._set_further_delta(at, assignment.further_coordinates[turn])
            self.delta[at, self.objectness_at] = objectness_delta[turn]
            factor = torch.full_like(objectness_delta[turn], options.class_scale)
            self._set_class_delta(at, assignment.class_ids[turn], factor)
            start += size
        return ious

    def _match(self, predicted: Tensor) -> tuple[Tensor, Tensor]:
        """Find the box of each truth: the one in its cell that overlaps it most by shape.

        With bias_match the anchors are compared instead of the predicted sizes.

        Args:
            predicted: [M, 4] predicted boxes.

        Returns:
            [K] its index within the cell, and [K] its index among all boxes.
        """
        count, given = self.head.boxes_per_position, self.assignment
        if self.options.bias_match:
            shapes = (self.anchors / given.map_wh)[None]
        else:
            shapes = predicted[:, 2:].reshape(-1, count, 2)[given.cell_indices]
        truths = given.assigned_boxes[:, None, 2:]
        centre = torch.zeros_like(shapes)
        best = iou(
            torch.cat((centre, shapes), -1), torch.cat((torch.zeros_like(truths), truths), -1)
        ).argmax(-1)
        return best, given.cell_indices * count + best

    def _assigned_box_delta(self, best: Tensor, boxes: Tensor) -> Tensor:
        """[K, 4]: the delta of the coordinates; pjreddie's is larger for small boxes.

        Args:
            best, boxes: what `_match` returned.
        """
        given = self.assignment
        truth, size = given.assigned_boxes, given.map_wh
        target_xy = truth[:, :2] * size - given.columns_rows
        sizes = truth[:, 2:] * size / self.anchors[best]
        target_wh = self.arithmetic.to_compute(sizes).log().float()
        delta = self._box_delta(self.centres[boxes], self.values[boxes], target_xy, target_wh)
        delta = delta * self.options.coord_scale
        if not self.head.flat:
            delta = delta * (2 - truth[:, 2] * truth[:, 3])[:, None]
        return delta

    def _set_further_delta(self, boxes: Tensor, target: Tensor) -> None:
        """Set the deltas of the coordinates after the fourth.

        Args:
            boxes: [K] box indices.
            target: [K, further coordinates] of the truths.

        Source: region_layer.c delta_region_mask (pjreddie).
        """
        more = target.shape[1]
        if not more:
            return
        scale = int(self.options.mask_scale)
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

    def _assign_class_only(self) -> None:
        """Assign the truths that have a class but no box, to the most probable box.

        That is the box with the largest objectness times class probability.

        Source: region_layer.c forward_region_layer, its onlyclass.
        """
        picture, class_ids = self.assignment.class_only_truths
        if not len(picture):
            return
        assert self.head.tree is not None
        count = self.shape[0]
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
