"""The loss of [detection]."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.heads.detection import Detection
from darknet_torch.losses.base import Loss, LossContext, sum_of_squares
from darknet_torch.losses.iou import iou

_COORDINATES = 4
_FARTHEST = 20.0  # root of the squared differences from which a box is not considered
_RANDOM_UNTIL = 64000  # pictures
_SMALL = 0.1  # area below which `forced` takes the second box


def detection_loss(
    head: Detection, x: Tensor, output: Tensor, cells: Tensor, context: LossContext
) -> Loss:
    """Delta and cost of a mini-batch.

    Args:
        head: which.
        x: its input, [N, values].
        output: its output.
        cells: [N, side^2 * (1 + classes + coords)]: for each cell whether an object is there,
            its class one-hot, its centre within the cell, width and height in 0-1.
        context: the training around it.

    Source: detection_layer.c forward_detection_layer.
    """
    options, side, number = head.options, head.options.side, head.boxes_per_position
    count, places = x.shape[0], head.cells
    flat = output.flatten(1).float()
    scores = flat[:, : places * head.classes].reshape(count, places, head.classes)
    confidence = flat[:, places * head.classes :][:, : places * number]
    confidence = confidence.reshape(count, places, number)
    boxes = flat[:, places * (head.classes + number) :]
    boxes = boxes.reshape(count, places, number, options.coords)
    truth = cells.float().reshape(count, places, 1 + options.coords + head.classes)
    there = truth[..., 0].long() != 0
    wanted = truth[..., 1 : 1 + head.classes]
    truth_box = truth[..., 1 + head.classes :][..., :_COORDINATES]

    predicted, true = _comparable(boxes, truth_box[:, :, None], side, squares=options.sqrt)
    overlaps = iou(predicted, true)
    best = _responsible(head, overlaps, predicted, true, context)
    chosen = torch.zeros_like(confidence, dtype=torch.bool).scatter_(2, best[..., None], True)
    chosen &= there[..., None]
    overlap = overlaps.gather(2, best[..., None])[..., 0]

    goal = overlap if options.rescore else torch.ones_like(overlap)
    believing = options.object_scale * (goal[..., None] - confidence)
    confidence_delta = torch.where(chosen, believing, -options.noobject_scale * confidence)
    score_delta = torch.where(there[..., None], options.class_scale * (wanted - scores), 0.0)
    aim = truth_box[:, :, None]
    if options.sqrt:
        aim = torch.cat((aim[..., :2], aim[..., 2:].sqrt()), -1)
    box_delta = torch.zeros_like(boxes)
    moved = options.coord_scale * (aim - boxes[..., :_COORDINATES])
    box_delta[..., :_COORDINATES] = torch.where(chosen[..., None], moved, 0.0)
    delta = torch.cat(
        (score_delta.flatten(1), confidence_delta.flatten(1), box_delta.flatten(1)), 1
    )
    found = max(1, int(there.sum()))
    parts = {
        "count": there.sum().float(),
        "iou": torch.where(there, overlap, 0.0).sum() / found,
        "recall": (there & (overlap > 0.5)).sum() / found,
        "total_loss": sum_of_squares(delta) / count,
    }
    return Loss(delta.reshape(x.shape), sum_of_squares(delta), 1.0, parts)


def _comparable(
    boxes: Tensor, truth: Tensor, side: int, *, squares: bool
) -> tuple[Tensor, Tensor]:
    """Boxes and truths in 0-1 of the picture, but for the corner of their cell."""
    sizes = boxes[..., 2:4] ** 2 if squares else boxes[..., 2:4]
    predicted = torch.cat((boxes[..., :2] / side, sizes), -1)
    return predicted, torch.cat((truth[..., :2] / side, truth[..., 2:]), -1)


def _responsible(
    head: Detection, overlaps: Tensor, predicted: Tensor, truth: Tensor, context: LossContext
) -> Tensor:
    """[N, cells]: which box of each cell learns its object.

    The one that overlaps it most; where none does, the nearest.
    """
    options = head.options
    if options.random and context.seen < _RANDOM_UNTIL:
        return torch.randint(overlaps.shape[2], overlaps.shape[:2], device=overlaps.device)
    if options.forced:
        area = truth[..., 0, 2] * truth[..., 0, 3]
        return (area < _SMALL).long().clamp(max=overlaps.shape[2] - 1)
    distance = (predicted - truth).square().sum(-1).sqrt()
    nearest = torch.where(distance < _FARTHEST, distance, torch.inf).argmin(-1)
    best, index = overlaps.max(-1)
    return torch.where(best > 0, index, nearest)
