"""What the losses of [yolo] and [Gaussian_yolo] share: who learns what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.heads.base import cell_positions
from darknet_torch.heads.class_map import class_map, count_known_labels
from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.iou import OVERLAPS, iou
from darknet_torch.losses.terms import class_multipliers, focal
from darknet_torch.losses.truths import Truths, best_truth, by_truth_rank

_CONFIDENT = 0.25  # a class score from which a box may be let off, yolo_layer.c


@dataclass(frozen=True)
class Match:
    """Truths and the boxes that learn them, K pairs in the order of C's loops.

    Attributes:
        places: [K] index of the box among all of the mini-batch, [N, boxes, H, W] flat.
        truths: [K, 4].
        classes: [K], through the head's map.
        tracks: [K].
        anchors: [K, 2] pixels.
        columns, rows: [K] of the cell.
        fits_best: [K] bool: no other anchor fits the truth better.
    """

    places: Tensor
    truths: Tensor
    classes: Tensor
    tracks: Tensor
    anchors: Tensor
    columns: Tensor
    rows: Tensor
    fits_best: Tensor


BoxDelta = Callable[[Tensor, Match], tuple[Tensor, Tensor]]


class AnchoredLoss:
    """One head's loss of one mini-batch, while it is worked out.

    The boxes lie flat: [M, values] with M = N * boxes * H * W.

    Args:
        head: which.
        output: what its forward returned.
        rows: Darknet's truth rows, [N, boxes, 5 or more].
        context: the training around it.
        coordinates: how many values of a box come before its objectness.

    Attributes:
        values, delta: [M, values].
        matched: the truths that boxes learn because their anchor fits.
        overlaps: {"iou": [K], ...} of `matched`, before the update.
    """

    def __init__(
        self,
        head: AnchorHead,
        output: Tensor,
        rows: Tensor,
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
        self.map = class_map(head, output.device)
        checked = context.dialect.cumulative_yolo
        self.truths = Truths.of(rows.float(), count_known_labels(head, self.map, checked=checked))
        self.anchors = head.all_anchors.to(output.device)

    @property
    def objectness(self) -> Tensor:
        """[M]"""
        return self.values[:, self.coordinates]

    @property
    def scores(self) -> Tensor:
        """[M, classes]"""
        return self.values[:, self.coordinates + 1 :]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the map."""
        return self.shape[3], self.shape[4]

    def ignore_overlapping(self, predicted: Tensor) -> tuple[Tensor, Tensor]:
        """Objectness learns 0, unless a box overlaps a truth by ignore_thresh.

        Args:
            predicted: [M, 4] boxes in 0-1 of the input.

        Returns:
            [M] best overlap with a truth, and [M] which truth of its picture.
        """
        options, count = self.options, self.shape[0]
        overlaps = iou(predicted.reshape(count, -1, 1, 4), self.truths.boxes[:, None])
        best, which = (part.flatten() for part in best_truth(overlaps, self.truths.valid))
        matching = best
        if self.context.dialect.cumulative_yolo:
            matching = torch.where((self.scores > _CONFIDENT).any(-1), best, 0.0)
        objectness = self.objectness
        delta = -options.obj_normalizer * objectness
        ignored = matching > options.ignore_thresh
        self.delta[:, self.coordinates] = torch.where(
            ignored, self.ignored_objectness(matching, delta, ignored, which), delta
        )
        return best, which

    def ignored_objectness(
        self, overlap: Tensor, delta: Tensor, ignored: Tensor, which: Tensor
    ) -> Tensor:
        """[M]: what objectness learns where a box is let off; nothing, unless smoothed."""
        if not self.options.objectness_smooth:
            return torch.zeros_like(delta)
        wanted = self.options.obj_normalizer * (overlap - self.objectness)
        return torch.maximum(wanted, delta)

    def assign_overlapping(self, best: Tensor, which: Tensor, box_delta: BoxDelta) -> None:
        """Boxes above truth_thresh learn the truth they overlap.

        Source: yolo_layer.c process_batch (AlexeyAB), its truth_thresh.
        """
        at = torch.nonzero(best > self.options.truth_thresh)[:, 0]
        if not len(at):
            return
        match = self._overlapping(at, which[at])
        wanted = best[at] ** 2 if self.options.objectness_smooth else torch.ones_like(best[at])
        normalizer = self.options.obj_normalizer
        self.delta[at, self.coordinates] = normalizer * (wanted - self.objectness[at])
        self._learn_classes(at, match.classes)
        if self.options.objectness_smooth:
            column = self.coordinates + 1 + match.classes
            learned = self._multiplier(match.classes) * (wanted - self.values[at, column])
            self.delta[at, column] = learned
        boxes, _ = box_delta(self.values[at], match)
        self.delta[at, : self.coordinates] += boxes

    def _overlapping(self, at: Tensor, which: Tensor) -> Match:
        _, boxes, _, height, width = self.shape
        picture = at // (boxes * height * width)
        anchor = at // (height * width) % boxes
        return Match(
            at,
            self.truths.boxes[picture, which],
            self._mapped(self.truths.classes[picture, which]),
            self.truths.tracks[picture, which],
            self.head.anchors.to(at.device)[anchor],
            at % width,
            at // width % height,
            torch.ones_like(at, dtype=torch.bool),
        )

    def match(self, column: Tensor, row: Tensor) -> Match:
        """Truths with the anchors that fit them best, or above iou_thresh, of this head.

        Args:
            column, row: [N, T] the cell of each truth.

        Source: yolo_layer.c process_batch (AlexeyAB), its best_n and iou_thresh.
        """
        truths, options = self.truths, self.options
        sizes = torch.zeros_like(truths.boxes)
        sizes[..., 2:] = truths.boxes[..., 2:]
        input_size = torch.tensor(
            (self.context.width, self.context.height), device=self.anchors.device
        )
        shapes = torch.cat((torch.zeros_like(self.anchors), self.anchors / input_size), -1)
        overlaps = iou(shapes, sizes[:, :, None])  # [N, T, anchors]
        best = overlaps.argmax(-1, keepdim=True)
        chosen = torch.zeros_like(overlaps, dtype=torch.bool).scatter_(-1, best, True)
        if options.iou_thresh < 1:
            kind = OVERLAPS[options.iou_thresh_kind](shapes, sizes[:, :, None])
            chosen |= kind > options.iou_thresh
        places = torch.tensor(self.head.box_of_anchor, device=chosen.device)
        chosen &= (places >= 0) & truths.valid[..., None]
        picture, truth, anchor = torch.nonzero(chosen, as_tuple=True)
        _, boxes, _, height, width = self.shape
        columns, rows = column[picture, truth], row[picture, truth]
        at = ((picture * boxes + places[anchor]) * height + rows) * width + columns
        return Match(
            at,
            truths.boxes[picture, truth],
            self._mapped(truths.classes[picture, truth]),
            truths.tracks[picture, truth],
            self.anchors[anchor],
            columns,
            rows,
            anchor == best[picture, truth, 0],
        )

    def assign_matched(self, match: Match, box_delta: BoxDelta) -> Tensor:
        """Boxes learn the truths they are matched with, one after the other.

        Returns:
            [K] the overlaps that Darknet counts for its log.
        """
        boxes, overlaps = box_delta(self.values[match.places], match)
        multiplier = self._multiplier(match.classes)
        normalizer = multiplier * self.options.obj_normalizer
        for turn in by_truth_rank(match.places):
            at = match.places[turn]
            if self.context.dialect.cumulative_yolo:
                self.delta[at, : self.coordinates] += boxes[turn]
            else:
                self.delta[at, : self.coordinates] = boxes[turn]
            learned = normalizer[turn] * (1 - self.objectness[at])
            if self.keeps_smoothed_objectness and self.options.objectness_smooth:
                before = self.delta[at, self.coordinates]
                learned = torch.where(before == 0, learned, before)
            self.delta[at, self.coordinates] = learned
            self._learn_classes(at, match.classes[turn])
        return overlaps

    keeps_smoothed_objectness = True
    multiclass_by_first = False

    def _learn_classes(self, at: Tensor, classes: Tensor) -> None:
        """Source: yolo_layer.c delta_yolo_class (both code bases)."""
        start, options = self.coordinates + 1, self.options
        scores, before = self.scores[at], self.delta[at, start:]
        column = classes[:, None]
        wanted = torch.zeros_like(scores).scatter_(1, column, 1.0)
        smooth = options.label_smooth_eps
        if smooth:
            wanted = wanted * (1 - smooth) + 0.5 * smooth
        fresh = self._fresh_classes(wanted, scores, classes)
        again = wanted.gather(1, column) - scores.gather(1, column)
        if self.multipliers is not None:
            again = again * self.multipliers[column]
        first = self.multiclass_by_first or not self.context.dialect.cumulative_yolo
        met = (before[:, :1] if first else before.gather(1, column)) != 0
        kept = before.scatter(1, column, again)
        self.delta[at, start:] = torch.where(met, kept, fresh)

    def _fresh_classes(self, wanted: Tensor, scores: Tensor, classes: Tensor) -> Tensor:
        if getattr(self.options, "focal_loss", False):
            return focal(scores, classes)
        fresh = wanted - scores
        if self.multipliers is not None:
            column = classes[:, None]
            factor = self.multipliers[column] * self.options.cls_normalizer
            fresh = fresh.scatter(1, column, fresh.gather(1, column) * factor)
        return fresh

    def box_multiplier(self, classes: Tensor) -> Tensor:
        """[K]: the weight of a box's own delta."""
        if not self.context.dialect.cumulative_yolo:
            return torch.ones_like(classes, dtype=self.values.dtype)
        return self.options.iou_normalizer * self._multiplier(classes)

    def _multiplier(self, classes: Tensor) -> Tensor:
        if self.multipliers is None:
            return torch.ones_like(classes, dtype=self.values.dtype)
        return self.multipliers[classes]

    def _mapped(self, classes: Tensor) -> Tensor:
        return classes if self.map is None else self.map[classes]

    def average(self, at: Tensor) -> None:
        """Divide the deltas of the boxes `at` ([M] bool) by how many classes they learn.

        Source: yolo_layer.c averages_yolo_deltas (AlexeyAB).
        """
        learned = (self.delta[:, self.coordinates + 1 :] > 0).sum(-1, keepdim=True).clamp(min=1)
        divided = self.delta[:, : self.coordinates] / learned
        self.delta[:, : self.coordinates] = torch.where(
            at[:, None], divided, self.delta[:, : self.coordinates]
        )

    def as_input(self) -> Tensor:
        """The delta in the shape of the head's input, [N, boxes * values, H, W]."""
        count, boxes, values, height, width = self.shape
        delta = self.delta.reshape(count, boxes, height, width, values)
        return delta.permute(0, 1, 4, 2, 3).reshape(count, boxes * values, height, width)

    def grid(self) -> tuple[Tensor, Tensor, Tensor]:
        """[M] column and row and [M, 2] anchor in pixels of every box."""
        count, boxes, _, height, width = self.shape
        column, row = cell_positions(height, width, self.values)
        columns = column.expand(count, boxes, height, width).flatten()
        rows = row.expand(count, boxes, height, width).flatten()
        anchors = self.head.anchors.to(self.values)[:, None, None]
        return columns, rows, anchors.expand(count, boxes, height, width, 2).reshape(-1, 2)
