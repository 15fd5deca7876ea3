"""The classic loss of a head for one mini-batch.

    w.box * sum(box loss) + w.obj * p * sum(objectness loss of boxes with a truth)
    + w.noobj * sum(objectness loss of empty boxes) + w.cls * sum(class loss)

The sums go over the boxes of all pictures of the mini-batch, as in the papers of YOLO and as
Darknet's deltas; the optimizer divides by the pictures of a batch. Nothing is read back from the
device: pairs of a box and a truth that are not chosen have the weight 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from darknet_torch.heads.base import cell_positions
from darknet_torch.losses.assignments import assignment_of
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.classic.boxes import BOX_LOSSES, BoxPairs, box_iou
from darknet_torch.losses.classic.boxes_with_truths import TruthBoxes
from darknet_torch.losses.classic.classes import CLASS_LOSSES
from darknet_torch.losses.classic.head_form import CLASSES_AT, OBJECTNESS_AT, HeadForm
from darknet_torch.losses.classic.objectness import objectness_losses
from darknet_torch.losses.classic.settings import ClassicSettings
from darknet_torch.losses.iou import largest_iou
from darknet_torch.losses.terms import RECALL_IOU
from darknet_torch.targets.classic import ClassicAssignment

PARTS = ("count", "iou", "recall", "box_loss", "objectness_loss", "class_loss", "total_loss")


class HeadComputation:
    """Computes the loss of one head.

    Args:
        form: the head.
        settings: what the loss consists of.
        x: its input, [N, boxes * (5 + classes), H, W].
        truth_rows: [N, truths, 5 or more].
        context: the state of the training.

    Attributes:
        x: the input, whose gradient is wanted.
        values: [N, boxes, H, W, values] a view of it.
        assignment: pairs of a box and a truth.
    """

    @torch.enable_grad()
    def __init__(
        self,
        form: HeadForm,
        settings: ClassicSettings,
        x: Tensor,
        truth_rows: Tensor,
        context: LossContext,
    ) -> None:
        self.form, self.settings = form, settings
        self.x = x.detach().requires_grad_()
        self.values = form.head.per_box(self.x).permute(0, 1, 3, 4, 2)
        size = (x.shape[2], x.shape[3])
        assignment = assignment_of(form.head, truth_rows, context, size, form.assigner)
        assert isinstance(assignment, ClassicAssignment)
        self.assignment = assignment
        self.raw = self.values[assignment.at]
        self.pairs = self._pairs()

    def _pairs(self) -> BoxPairs:
        """The predicted boxes of all pairs, and their truths."""
        given, form = self.assignment, self.form
        offsets, sizes = form.offsets(self.raw[:, :2]), form.sizes(self.raw[:, 2:4])
        scale = torch.cat((given.input_wh, given.input_wh))
        centres = (offsets + given.cells) / given.map_wh
        target_offsets = given.paired_boxes[:, :2] * given.map_wh - given.cells
        target_sizes = form.encoded_sizes(given.paired_boxes[:, 2:] / given.anchors)
        return BoxPairs(
            predicted=torch.cat((centres, sizes * given.anchors), 1) * scale,
            truths=given.paired_boxes * scale,
            encoded=torch.cat((offsets, self.raw[:, 2:4]), 1),
            encoded_truths=torch.cat((target_offsets, target_sizes), 1),
        )

    @cached_property
    def ious(self) -> Tensor:
        """[P] IoU of the predicted box and the truth of each pair."""
        return box_iou(self.pairs.predicted.detach(), self.pairs.truths)

    def by_truth(self, of_pairs: Tensor) -> Tensor:
        """[K, boxes] of [P] values, where each truth is paired with all boxes of its cell."""
        boxes = sum(box >= 0 for box in self.form.assigner.box_of_anchor)
        return of_pairs.reshape(self.assignment.assigned, boxes)

    @torch.enable_grad()
    def loss(self, chosen: Tensor | None = None) -> Loss:
        """The loss, if it is trained on the chosen pairs.

        Args:
            chosen: [P] bool; None for all.
        """
        weight = torch.ones_like(self.ious) if chosen is None else chosen.to(self.ious)
        box, objectness, classes = self._terms(weight)
        total = box + objectness + classes
        (gradient,) = torch.autograd.grad(total, self.x)
        parts = {"box": box, "objectness": objectness, "class": classes, "total": total}
        pictures = len(self.x)
        return Loss(
            -gradient,
            total.detach(),
            parts={
                **self._fit(weight),
                **{f"{name}_loss": part.detach() / pictures for name, part in parts.items()},
            },
        )

    def _terms(self, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The weighted sums of boxes, objectness and classes; `chosen` [P] is 1 or 0."""
        given, weights = self.assignment, self.settings.weights
        boxes = TruthBoxes(self._box_indices(), chosen, self.values[..., 0].numel())
        box = BOX_LOSSES[self.settings.box_loss](self.pairs) * chosen * given.weights
        obj, noobj = self._objectness(boxes)
        return (
            weights.box * box.sum(),
            weights.obj * obj + weights.noobj * noobj,
            weights.cls * self._classes(boxes),
        )

    def _box_indices(self) -> Tensor:
        """[P] the box of each pair, in [N, boxes, H, W] as if it were flat."""
        picture, box, row, column = self.assignment.at
        _, boxes, height, width, _ = self.values.shape
        return ((picture * boxes + box) * height + row) * width + column

    def _objectness(self, boxes: TruthBoxes) -> tuple[Tensor, Tensor]:
        """The sums of the objectness loss of boxes with a truth, and of empty ones."""
        weights = boxes.largest(self.assignment.weights.to(self.x))
        has_truth = weights > 0
        target = has_truth.to(self.x)
        if self.form.objectness_target == "iou":
            target = boxes.largest(self.ious)
        empty = ~has_truth & (self._largest_ious() <= self.form.ignore_threshold)
        logits = self.form.logits(self.values[..., OBJECTNESS_AT]).flatten()
        return objectness_losses(logits, target, weights, empty, self.settings.positive_weight)

    @torch.no_grad()
    def _largest_ious(self) -> Tensor:
        """[N * boxes * H * W] the largest IoU of each predicted box with a truth."""
        given, form, values = self.assignment, self.form, self.values
        column, row = cell_positions(values.shape[2], values.shape[3], values)
        x, y = form.offsets(values[..., :2]).unbind(-1)
        centres = torch.stack((x + column, y + row), -1) / given.map_wh
        anchors = form.anchors(given.input_wh, given.map_wh)
        sizes = form.sizes(values[..., 2:4]) * anchors[:, None, None]
        predicted = torch.cat((centres, sizes), -1).flatten(1, 3).transpose(1, 2)
        return largest_iou(predicted, given.truth_boxes).flatten()

    def _classes(self, boxes: TruthBoxes) -> Tensor:
        """The sum of the class loss; each box with a truth counts once."""
        given, form = self.assignment, self.form
        logits = form.logits(self.raw[:, CLASSES_AT:])
        classes = boxes.all_classes(given.class_ids, form.head.classes)
        compute = CLASS_LOSSES[form.class_loss]
        losses = compute(logits, classes, given.class_ids, form.label_smoothing)
        weights = boxes.largest(given.weights.to(losses))[boxes.index]
        return (losses * weights * boxes.is_last).sum()

    def _fit(self, chosen: Tensor) -> dict[str, Tensor]:
        """Number of pairs, their mean IoU, and the part of them that overlap."""
        count = chosen.sum()
        means = torch.stack((self.ious, (self.ious > RECALL_IOU).to(self.ious))) * chosen
        iou, recall = (means.sum(1) / count.clamp(min=1)).unbind()
        return {"count": count, "iou": iou, "recall": recall}


@dataclass(frozen=True)
class WaitingLoss(Loss):
    """The loss of a head whose truths are shared out when the last head's predictions are known.

    Its tensors are filled in then, before the backward pass.

    Attributes:
        computation: what computes it.
    """

    computation: HeadComputation | None = None

    @staticmethod
    def of(computation: HeadComputation) -> WaitingLoss:
        """A loss to be filled in."""
        x = computation.x.detach()
        parts: Mapping[str, Tensor] = {name: x.new_zeros(()) for name in PARTS}
        return WaitingLoss(
            torch.zeros_like(x), x.new_zeros(()), parts=parts, computation=computation
        )

    def fill(self, loss: Loss) -> None:
        """Take the values of `loss`."""
        self.delta.copy_(loss.delta)
        self.cost.copy_(loss.cost)
        for name, part in self.parts.items():
            part.copy_(loss.parts[name])
