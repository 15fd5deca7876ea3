"""The loss of [detection].

Delta, target less prediction times a scale of the cfg: of a cell with an object, the classes
go towards one-hot (class_scale) and one responsible box towards the ground truth (coord_scale)
and a confidence of 1 or the IoU (object_scale); the confidence of all other boxes goes towards 0
(noobject_scale).
"""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.detection import Detection
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.iou import iou

_COORDINATES = 4
_MAX_DISTANCE = 20.0  # boxes at a larger distance from the truth are not responsible
_RANDOM_UNTIL = 64000  # pictures
_SMALL_AREA = 0.1  # `forced` takes the second box for truths with a smaller area
_RECALL_IOU = 0.5


def detection_loss(
    head: Detection, x: Tensor, output: Tensor, truths: Tensor, context: LossContext
) -> Loss:
    """Compute the delta and cost of a mini-batch.

    Args:
        head: the [detection].
        x: its input, [N, values].
        output: its output.
        truths: [N, side^2 * (1 + classes + coords)]: for each cell whether an object is there,
            its class one-hot, its centre within the cell, width and height in 0-1.
        context: the state of the training.

    Source: detection_layer.c forward_detection_layer.
    """
    options = head.options
    scores, confidence, raw_boxes = _split_output(head, output)
    has_object, target_scores, raw_truth = _split_truths(head, truths)
    boxes, truth_boxes = _comparable_boxes(head, raw_boxes, raw_truth)
    ious = iou(boxes, truth_boxes)
    best = _responsible_box(head, ious, boxes, truth_boxes, context)
    responsible = torch.zeros_like(confidence, dtype=torch.bool)
    responsible = responsible.scatter_(2, best[..., None], True) & has_object[..., None]
    best_iou = ious.gather(2, best[..., None])[..., 0]

    target = best_iou if options.rescore else torch.ones_like(best_iou)
    object_delta = options.object_scale * (target[..., None] - confidence)
    no_object_delta = -options.noobject_scale * confidence
    confidence_delta = torch.where(responsible, object_delta, no_object_delta)
    class_delta = options.class_scale * (target_scores - scores)
    class_delta = torch.where(has_object[..., None], class_delta, 0.0)
    box_delta = _box_delta(head, raw_boxes, raw_truth, responsible)
    delta = torch.cat([part.flatten(1) for part in (class_delta, confidence_delta, box_delta)], 1)
    cost = head.arithmetic.sum_of_squares(delta)
    parts = {**_statistics(has_object, best_iou), "total_loss": cost / x.shape[0]}
    return Loss(delta.reshape(x.shape), cost, parts=parts)


def _split_output(head: Detection, output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Split the output into class scores, confidences and boxes.

    Returns:
        [N, cells, classes], [N, cells, boxes] and [N, cells, boxes, coords]: centre within the
        cell, width and height in 0-1 of the input (with sqrt=1 their roots).
    """
    count, cells, boxes = output.shape[0], head.cells, head.boxes_per_position
    coords = head.options.coords
    sizes = (cells * head.classes, cells * boxes, cells * boxes * coords)
    scores, confidence, coordinates = output.flatten(1).float().split(sizes, 1)
    return (
        scores.reshape(count, cells, head.classes),
        confidence.reshape(count, cells, boxes),
        coordinates.reshape(count, cells, boxes, coords),
    )


def _split_truths(head: Detection, truths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Split truths, cell by cell, into object flags, one-hot classes and boxes.

    Returns:
        [N, cells] bool, [N, cells, classes] and [N, cells, 1, 4]: centre within the cell,
        width and height in 0-1 of the input.
    """
    values = 1 + head.classes + head.options.coords
    cells = truths.float().reshape(truths.shape[0], head.cells, values)
    return (
        cells[..., 0].long() != 0,
        cells[..., 1 : 1 + head.classes],
        cells[..., None, 1 + head.classes : 1 + head.classes + _COORDINATES],
    )


def _comparable_boxes(head: Detection, boxes: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Predicted and true boxes in 0-1 of the picture, with centres relative to their cell."""
    side = head.options.side
    sizes = boxes[..., 2:4] ** 2 if head.options.sqrt else boxes[..., 2:4]
    predicted = torch.cat((boxes[..., :2] / side, sizes), -1)
    return predicted, torch.cat((truth[..., :2] / side, truth[..., 2:]), -1)


def _responsible_box(
    head: Detection, ious: Tensor, boxes: Tensor, truth: Tensor, context: LossContext
) -> Tensor:
    """[N, cells]: index of the box that is assigned the object of its cell.

    The box with the largest IoU; where none overlaps, the nearest one.

    Args:
        ious: [N, cells, boxes].
        boxes: [N, cells, boxes, 4].
        truth: [N, cells, 1, 4].
    """
    options = head.options
    if options.random and context.seen < _RANDOM_UNTIL:
        return torch.randint(ious.shape[2], ious.shape[:2], device=ious.device)
    if options.forced:
        area = truth[..., 0, 2] * truth[..., 0, 3]
        return (area < _SMALL_AREA).long().clamp(max=ious.shape[2] - 1)
    distance = (boxes - truth).square().sum(-1).sqrt()
    nearest = torch.where(distance < _MAX_DISTANCE, distance, torch.inf).argmin(-1)
    best_iou, index = ious.max(-1)
    return torch.where(best_iou > 0, index, nearest)


def _box_delta(head: Detection, boxes: Tensor, truth: Tensor, responsible: Tensor) -> Tensor:
    """[N, cells, boxes, coords]: 0 but for responsible boxes; with sqrt=1 of the sizes' roots."""
    target = truth
    if head.options.sqrt:
        target = torch.cat((truth[..., :2], truth[..., 2:].sqrt()), -1)
    delta = torch.zeros_like(boxes)
    towards_truth = head.options.coord_scale * (target - boxes[..., :_COORDINATES])
    delta[..., :_COORDINATES] = torch.where(responsible[..., None], towards_truth, 0.0)
    return delta


def _statistics(has_object: Tensor, ious: Tensor) -> dict[str, Tensor]:
    """Number of objects, mean IoU and recall of their responsible boxes, for the log."""
    total = has_object.sum()
    count = total.clamp(min=1)
    return {
        "count": total.float(),
        "iou": torch.where(has_object, ious, 0.0).sum() / count,
        "recall": (has_object & (ious > _RECALL_IOU)).sum() / count,
    }
