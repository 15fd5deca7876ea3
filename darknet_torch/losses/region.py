"""The loss of [region]."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.base import cell_positions
from darknet_torch.heads.class_map import class_map, count_known_labels
from darknet_torch.heads.region import Region
from darknet_torch.losses.base import Loss, LossContext, squared
from darknet_torch.losses.iou import iou
from darknet_torch.losses.terms import focal
from darknet_torch.losses.truths import Truths, best_truth, by_truth_rank

_WARM_UP = 12800  # pictures for which all boxes learn their anchors, region_layer.c
_WARM_UP_WEIGHT = 0.01
_CLASS_ONLY = 100000  # a truth beyond this x and y has a class but no box


def region_loss(
    head: Region, x: Tensor, output: Tensor, rows: Tensor, context: LossContext
) -> Loss:
    """Delta and cost of a mini-batch.

    Args:
        head: which.
        x: [N, boxes * (coords + 1 + classes), H, W], its input.
        output: its output.
        rows: [N, truths, 5 or more] x, y, w, h (0-1 of the input), class; where coords is
            above 4, pjreddie's rows have further coordinates before the class.
        context: the training around it.

    Source: region_layer.c forward_region_layer, delta_region_box, delta_region_class (both
    code bases).
    """
    return _RegionLoss(head, x, output, rows, context).compute()


class _RegionLoss:
    """One mini-batch; boxes lie flat as [M, values] with M = N * H * W * boxes."""

    def __init__(
        self, head: Region, x: Tensor, output: Tensor, rows: Tensor, context: LossContext
    ) -> None:
        self.head, self.options, self.context = head, head.options, context
        count, _, height, width = x.shape
        self.shape = (count, height, width, head.boxes_per_position, head.values_per_box)
        self.values = self._by_box(output).reshape(-1, head.values_per_box).float()
        self.delta = torch.zeros_like(self.values)
        self.at = head.objectness_at
        class_at = 4 if head.flat else self.options.coords
        self.map = class_map(head, x.device)
        known = count_known_labels(head, self.map, checked=head.flat)
        self.truths = Truths.of(rows.float(), known, class_at=class_at)
        self.anchors = head.anchors.to(self.values)
        # Where x and y are not activated yet, the loss goes through their logistic, as well
        # as through that of the objectness.
        self.centres = head.logistic(self.values[:, :2]) if head.flat else self.values[:, :2]

    def _by_box(self, output: Tensor) -> Tensor:
        """[N, H, W, boxes, values]"""
        count, height, width, boxes, values = self.shape
        if self.head.flat:
            return output.reshape(self.shape)
        return output.reshape(count, boxes, values, height, width).permute(0, 3, 4, 1, 2)

    def compute(self) -> Loss:
        only_class = self._class_only()
        self._learn_nothing(only_class)
        parts = self._learn_truths(only_class)
        count, height, width, boxes, values = self.shape
        delta = self.delta.reshape(self.shape).permute(0, 3, 4, 1, 2)
        delta = delta.reshape(count, boxes * values, height, width)
        return Loss(delta, squared(delta), 1.0, parts)

    def _boxes(self) -> Tensor:
        """[M, 4] in 0-1 of the input. Source: region_layer.c get_region_box."""
        _, height, width, _, _ = self.shape
        size = self.values.new_tensor((width, height))
        column, row, anchor = self._grid()
        cell = torch.stack((column, row), -1)
        sizes = (self.values[:, 2:4].double().exp() * anchor / size).float()
        return torch.cat(((self.centres + cell) / size, sizes), -1)

    def _grid(self) -> tuple[Tensor, Tensor, Tensor]:
        """[M] column, [M] row and [M, 2] anchor in cells of every box."""
        shape = self.shape[:4]
        column, row = cell_positions(shape[1], shape[2], self.values)
        columns = column[:, :, None].expand(shape).flatten()
        rows = row[:, :, None].expand(shape).flatten()
        return columns, rows, self.anchors.expand(*shape, 2).reshape(-1, 2)

    def _steep(self, objectness: Tensor) -> Tensor:
        """The slope that a delta of the objectness is multiplied with."""
        if not self.head.flat:
            return torch.ones_like(objectness)
        return objectness * (1 - objectness)

    def _learn_nothing(self, only_class: Tensor) -> None:
        """Objectness learns 0, unless a box overlaps a truth by thresh."""
        options, objectness = self.options, self.values[:, self.at]
        boxes = self._boxes()
        overlaps = iou(boxes.reshape(self.shape[0], -1, 1, 4), self.truths.boxes[:, None])
        best, which = (part.flatten() for part in best_truth(overlaps, self.truths.valid))
        wanted = 1.0 if options.background else 0.0
        delta = options.noobject_scale * (wanted - objectness) * self._steep(objectness)
        found = best > options.thresh
        if self.head.flat and options.classfix == -1:
            delta = options.noobject_scale * (best - objectness) * self._steep(objectness)
        else:
            delta = torch.where(found, 0.0, delta)
        counted = ~only_class.repeat_interleave(len(best) // self.shape[0])
        self.delta[:, self.at] = torch.where(counted, delta, self.delta[:, self.at])
        if self.head.flat and options.classfix > 0:
            at = torch.nonzero(found & counted)[:, 0]
            picture = at // (len(best) // self.shape[0])
            factor = objectness[at] if options.classfix == 2 else torch.ones_like(objectness[at])
            # The map is not applied here, as in C.
            classes = self.truths.classes[picture, which[at]]
            self._learn_classes(at, classes, options.class_scale * factor)
        if self.context.seen < _WARM_UP:
            self._learn_anchors(counted)

    def _learn_anchors(self, counted: Tensor) -> None:
        """At first, every box learns the middle of its cell and its anchor."""
        zero = torch.zeros_like(self.values[:, :2])
        delta = self._box_delta(torch.arange(len(self.values)), zero + 0.5, zero)
        kept = torch.where(counted[:, None], _WARM_UP_WEIGHT * delta, self.delta[:, :4])
        self.delta[:, :4] = kept

    def _box_delta(self, at: Tensor, centre: Tensor, scales: Tensor) -> Tensor:
        """[K, 4]: towards `centre`, in cells from the cell's corner, and `scales`.

        Source: region_layer.c delta_region_box.
        """
        centres = self.centres[at]
        steep = centres * (1 - centres) if self.head.flat else torch.ones_like(centres)
        moved = (centre - centres) * steep
        return torch.cat((moved, scales - self.values[at, 2:4]), -1)

    def _learn_truths(self, only_class: Tensor) -> dict[str, Tensor]:
        """Each truth is learnt by one box of its cell; the last one to come stays."""
        options, truths = self.options, self.truths
        _, height, width, boxes, _ = self.shape
        wanted = truths.valid & ~only_class[:, None]
        picture, index = torch.nonzero(wanted, as_tuple=True)
        truth = truths.boxes[picture, index]
        column, row = (part[picture, index] for part in truths.cells(width, height))
        cell = ((picture * height + row) * width + column) * boxes
        candidates = cell[:, None] + torch.arange(boxes, device=cell.device)
        predicted = self._boxes()[candidates]
        size = truth.new_tensor((width, height))
        shapes = self.anchors / size if options.bias_match else predicted[..., 2:]
        shapes = torch.cat(
            (torch.zeros_like(predicted[..., :2]), shapes.expand_as(predicted[..., 2:])), -1
        )
        still = torch.cat((torch.zeros_like(truth[:, :2]), truth[:, 2:]), -1)
        chosen = iou(shapes, still[:, None]).argmax(-1)
        at = cell + chosen
        overlap = iou(predicted[torch.arange(len(at)), chosen], truth)
        centre = truth[:, :2] * size - torch.stack((column, row), -1)
        scales = (truth[:, 2:] * size / self.anchors[chosen]).double().log().float()
        box = self._box_delta(at, centre, scales) * options.coord_scale
        if not self.head.flat:
            box = box * (2 - truth[:, 2] * truth[:, 3])[:, None]
        objectness = self.values[at, self.at]
        goal = overlap if options.rescore else torch.ones_like(overlap)
        if options.background:
            goal = torch.zeros_like(overlap)
        learned = options.object_scale * (goal - objectness) * self._steep(objectness)
        classes = truths.classes[picture, index]
        classes = classes if self.map is None else self.map[classes]
        for turn in by_truth_rank(at):
            place = at[turn]
            self.delta[place, :4] = box[turn]
            self._learn_mask(place, truths.rows[picture[turn], index[turn]])
            self.delta[place, self.at] = learned[turn]
            factor = torch.full_like(learned[turn], options.class_scale)
            self._learn_classes(place, classes[turn], factor)
        return self._parts(overlap)

    def _learn_mask(self, place: Tensor, rows: Tensor) -> None:
        """Source: region_layer.c delta_region_mask (pjreddie)."""
        more = self.options.coords - 4
        if self.head.flat or not more:
            return
        scale = int(self.options.mask_scale)
        wanted = rows[:, 5 : 5 + more]
        self.delta[place, 4 : 4 + more] = scale * (wanted - self.values[place, 4 : 4 + more])

    def _learn_classes(self, place: Tensor, classes: Tensor, factor: Tensor) -> None:
        """Source: region_layer.c delta_region_class (both code bases)."""
        start, options = self.at + 1, self.options
        end = start + self.head.classes
        scores, before = self.values[place, start:end], self.delta[place, start:end]
        if self.head.tree is not None:
            siblings, ancestors = self.head.tree.path(classes)
            learned = factor[:, None] * (ancestors.to(scores) - scores)
            self.delta[place, start:end] = torch.where(siblings, learned, before)
            return
        column = classes[:, None]
        wanted = torch.zeros_like(scores).scatter_(1, column, 1.0)
        if getattr(options, "focal_loss", False):
            learned = focal(scores, classes) * factor[:, None]
        else:
            learned = factor[:, None] * (wanted - scores)
        if not self.head.flat and not options.softmax:
            met = before[:, :1] != 0
            again = before.scatter(1, column, learned.gather(1, column))
            learned = torch.where(met, again, learned)
        self.delta[place, start:end] = learned

    def _class_only(self) -> Tensor:
        """[N] bool: pictures of which a class is known but no box, and let them learn it.

        The box that believes most in the class learns it.

        Source: region_layer.c forward_region_layer, its onlyclass.
        """
        count = self.shape[0]
        only = torch.zeros(count, dtype=torch.bool, device=self.values.device)
        if self.head.tree is None or not self.truths.boxes.shape[1]:
            return only
        far = (self.truths.boxes[..., :2] > _CLASS_ONLY).all(-1) & self.truths.valid
        only = far.any(1)
        picture = torch.nonzero(only)[:, 0]
        if not len(picture):
            return only
        classes = self.truths.classes[picture, far[picture].int().argmax(1)]
        scores = self.values[:, self.at + 1 : self.at + 1 + self.head.classes]
        per_picture = len(self.values) // count
        chained = self.head.tree.chain(scores).reshape(count, per_picture, -1)[picture]
        objectness = self.values[:, self.at].reshape(count, -1)[picture]
        column = classes[:, None, None].expand(-1, per_picture, 1)
        belief = objectness * chained.gather(2, column)[..., 0]
        place = picture * per_picture + belief.argmax(1)
        factor = torch.full_like(belief[:, 0], self.options.class_scale)
        self._learn_classes(place, classes, factor)
        if not self.head.flat:
            ids = torch.arange(per_picture, device=place.device)
            everywhere = (picture[:, None] * per_picture + ids).flatten()
            nothing = -self.options.noobject_scale * self.values[everywhere, self.at]
            self.delta[everywhere, self.at] = nothing
            self.delta[place, self.at] = 0
        return only

    def _parts(self, overlap: Tensor) -> dict[str, Tensor]:
        count = max(1, len(overlap))
        return {
            "count": torch.tensor(float(len(overlap))),
            "iou": overlap.sum() / count,
            "recall": (overlap > 0.5).sum() / count,
            "total_loss": squared(self.delta) / self.shape[0],
        }
