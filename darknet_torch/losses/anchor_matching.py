"""Matching of ground truths with the boxes of [yolo] and [Gaussian_yolo].

A ground truth is matched with the box of its cell whose anchor has the best IoU with it by
shape, and with those whose anchor exceeds iou_thresh.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.losses.iou import IOU_FUNCTIONS, iou
from darknet_torch.losses.truths import Truths


@dataclass(frozen=True)
class Match:
    """K pairs of a predicted box and a ground truth, in the order of C's loops.

    Attributes:
        box_indices: [K] int64, into all boxes of the mini-batch, flat [N, boxes, H, W].
        truth_boxes: [K, 4] centre x, centre y, width, height in 0-1 of the input.
        class_ids: [K] int64, as the head's map= gives them.
        track_ids: [K] int64.
        anchors: [K, 2] width and height in pixels.
        columns, rows: [K] int64, the cell of the box.
        fits_best: [K] bool: no other anchor has a larger IoU with the ground truth.
    """

    box_indices: Tensor
    truth_boxes: Tensor
    class_ids: Tensor
    track_ids: Tensor
    anchors: Tensor
    columns: Tensor
    rows: Tensor
    fits_best: Tensor


class AnchorMatcher:
    """Pairs the boxes of a head with the ground truths of a mini-batch.

    Args:
        head: the head.
        truths: the ground truths.
        class_map: [labels] class of each label, from the head's map=; None without.
        input_size: width and height of the network's input, in pixels.
        map_size: height and width of the head's map, in cells.
    """

    def __init__(
        self,
        head: AnchorHead,
        truths: Truths,
        class_map: Tensor | None,
        input_size: tuple[int, int],
        map_size: tuple[int, int],
    ) -> None:
        self.head, self.truths, self.class_map = head, truths, class_map
        self.input_size, self.map_size = input_size, map_size
        self.anchors = head.all_anchors.to(truths.boxes.device)

    def match(self, column: Tensor, row: Tensor) -> Match:
        """Match each truth with the anchor that fits it best, and with those above iou_thresh.

        Anchors that another head of the cfg uses (mask=) match nothing here.

        Args:
            column, row: [N, T] the cell of each truth.

        Source: yolo_layer.c process_batch (AlexeyAB), its best_n and iou_thresh.
        """
        truths = self.truths
        best_anchor, matched = self._match_anchors()
        anchor_to_box = torch.tensor(self.head.box_of_anchor, device=matched.device)
        matched &= (anchor_to_box >= 0) & truths.valid[..., None]
        picture, truth, anchor = torch.nonzero(matched, as_tuple=True)
        boxes, (height, width) = self.head.boxes_per_position, self.map_size
        columns, rows = column[picture, truth], row[picture, truth]
        box = picture * boxes + anchor_to_box[anchor]
        return Match(
            box_indices=(box * height + rows) * width + columns,
            truth_boxes=truths.boxes[picture, truth],
            class_ids=self._map_classes(truths.class_ids[picture, truth]),
            track_ids=truths.track_ids[picture, truth],
            anchors=self.anchors[anchor],
            columns=columns,
            rows=rows,
            fits_best=anchor == best_anchor[picture, truth],
        )

    def _match_anchors(self) -> tuple[Tensor, Tensor]:
        """[N, T] the best anchor of each truth, and [N, T, anchors] bool the matched ones.

        Anchors and truths are compared by width and height alone, with their centres at 0.
        """
        truths, options = self.truths, self.head.options
        truth_shapes = torch.zeros_like(truths.boxes)
        truth_shapes[..., 2:] = truths.boxes[..., 2:]
        input_size = torch.tensor(self.input_size, device=self.anchors.device)
        anchor_shapes = torch.cat((torch.zeros_like(self.anchors), self.anchors / input_size), -1)
        ious = iou(anchor_shapes, truth_shapes[:, :, None])  # [N, T, anchors]
        best = ious.argmax(-1, keepdim=True)
        matched = torch.zeros_like(ious, dtype=torch.bool).scatter_(-1, best, True)
        if options.iou_thresh < 1:
            compare = IOU_FUNCTIONS[options.iou_thresh_kind]
            matched |= compare(anchor_shapes, truth_shapes[:, :, None]) > options.iou_thresh
        return best[..., 0], matched

    def match_overlapping(self, box_indices: Tensor, truth_index: Tensor) -> Match:
        """Pair boxes with the truths that they overlap.

        Args:
            box_indices: [K] into the flat boxes.
            truth_index: [K] index of the truth within the picture.
        """
        boxes, (height, width) = self.head.boxes_per_position, self.map_size
        picture = box_indices // (boxes * height * width)
        anchor = box_indices // (height * width) % boxes
        return Match(
            box_indices=box_indices,
            truth_boxes=self.truths.boxes[picture, truth_index],
            class_ids=self._map_classes(self.truths.class_ids[picture, truth_index]),
            track_ids=self.truths.track_ids[picture, truth_index],
            anchors=self.head.anchors.to(box_indices.device)[anchor],
            columns=box_indices % width,
            rows=box_indices // width % height,
            fits_best=torch.ones_like(box_indices, dtype=torch.bool),
        )

    def _map_classes(self, class_ids: Tensor) -> Tensor:
        return class_ids if self.class_map is None else self.class_map[class_ids]
