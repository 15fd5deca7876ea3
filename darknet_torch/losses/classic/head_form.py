"""What the classic losses read of a head: one form for [yolo] and for [region].

A new head is a function that makes its form, and a row in `FORMS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from darknet_torch.errors import UsageError
from darknet_torch.heads.base import Head
from darknet_torch.heads.region import Region
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.base import Layer
from darknet_torch.losses.classic.settings import ClassicSettings
from darknet_torch.targets.classic import ClassicAssigner

OBJECTNESS_AT, CLASSES_AT = 4, 5  # of a box's values in both heads
_MOST_ANCHORS = 10.0  # bound on the logarithm of a size in anchors, so that areas stay finite
_SATURATED = 1e-6  # a score this close to 0 or 1 has no logit to go by


@dataclass(frozen=True)
class HeadForm:
    """A head, and how its input becomes boxes.

    Attributes:
        head: the head.
        assigner: pairs truths with its boxes.
        objectness_target, class_loss: as in `ClassicSettings`, decided.
        ignore_threshold: boxes without a truth count as empty up to this IoU with one.
        label_smoothing: of the classes' targets, 0-1.
        scale_x_y: how far a centre may leave its cell.
        activated: the layer before has applied the logistic function (new_coords).
    """

    head: Head
    assigner: ClassicAssigner
    objectness_target: str
    class_loss: str
    ignore_threshold: float
    label_smoothing: float = 0.0
    scale_x_y: float = 1.0
    activated: bool = False

    def anchors(self, input_wh: Tensor, map_wh: Tensor) -> Tensor:
        """[boxes, 2] widths and heights of the head's anchors, in 0-1 of the input."""
        size = map_wh if self.assigner.in_cells else input_wh
        return self.head.anchors.to(size) / size

    def offsets(self, raw: Tensor) -> Tensor:
        """Centres in cells, from the corner of their cell, of the x and y of the head's input."""
        inside = raw if self.activated else raw.sigmoid()
        return inside * self.scale_x_y - 0.5 * (self.scale_x_y - 1)

    def sizes(self, raw: Tensor) -> Tensor:
        """Sizes in anchors of the w and h of the head's input."""
        if self.activated:
            return 4 * raw.square()
        return raw.clamp(-_MOST_ANCHORS, _MOST_ANCHORS).exp()

    def encoded_sizes(self, sizes: Tensor) -> Tensor:
        """The w and h of the head's input that give these sizes in anchors."""
        return (sizes / 4).sqrt() if self.activated else sizes.log()

    def logits(self, raw: Tensor) -> Tensor:
        """Logits of the objectness or class values of the head's input."""
        return raw.logit(eps=_SATURATED) if self.activated else raw


def _yolo_form(head: Yolo, settings: ClassicSettings) -> HeadForm:
    options, given = head.options, head.assigner
    return HeadForm(
        head,
        ClassicAssigner(
            *(given.input_size, given.map_size, given.class_map, given.known_labels),
            anchors=given.anchors,
            in_cells=False,
            box_of_anchor=given.box_of_anchor,
            **_choice_of_box(settings, options.iou_thresh),
            counters_per_class=options.counters_per_class,
            max_delta=options.max_delta,
        ),
        objectness_target=settings.objectness_target or "one",
        class_loss=settings.class_loss or "bce",
        ignore_threshold=options.ignore_thresh,
        label_smoothing=options.label_smooth_eps,
        scale_x_y=options.scale_x_y,
        activated=options.new_coords,
    )


def _region_form(head: Region, settings: ClassicSettings) -> HeadForm:
    _check_region(head)
    options, given = head.options, head.assigner
    return HeadForm(
        head,
        ClassicAssigner(
            *(given.input_size, given.map_size, given.class_map, given.known_labels),
            anchors=head.anchor_pairs,
            in_cells=True,
            box_of_anchor=tuple(range(head.boxes_per_position)),
            **_choice_of_box(settings),
            counters_per_class=(),
            max_delta=1.0,
        ),
        objectness_target=settings.objectness_target or ("iou" if options.rescore else "one"),
        class_loss=settings.class_loss or ("ce" if options.softmax else "bce"),
        ignore_threshold=options.thresh,
    )


def _choice_of_box(settings: ClassicSettings, iou_thresh: float | None = None) -> dict[str, Any]:
    """`measure` and `bound` of the assigner, for a head with this iou_thresh."""
    bound = iou_thresh if settings.follows_iou_thresh else settings.assign_several
    if settings.assign == "predicted-iou":
        return {"measure": None, "bound": None}  # the loss chooses
    if bound is not None and settings.assign == "shape-ratio":
        bound = 1 / bound
    return {"measure": settings.assign, "bound": bound}


def _check_region(head: Region) -> None:
    """Refuse what has no classic loss.

    Raises:
        UsageError: classes of a tree, a background class, more than four coordinates, or class
            scores without an activation.
    """
    options = head.options
    raw_scores = head.flat and not options.softmax
    found = [
        text
        for applies, text in (
            (options.tree, f"tree={options.tree}"),
            (options.background, "background=1"),
            (options.coords != 4, f"coords={options.coords}"),
            (raw_scores and not options.tree, "softmax=0, whose class scores have no activation"),
        )
        if applies
    ]
    if found:
        raise UsageError(
            f"[region], layer {head.index}, has no classic loss",
            where=options.where,
            expected="coords=4 and softmax=1, without tree= and background=",
            got=", ".join(found),
            fix="train it without --loss classic, or change the cfg",
        )


# The class of a head -> what makes its form; raises UsageError for a head that has none.
FORMS: Mapping[type[Layer], Callable[[Any, ClassicSettings], HeadForm]] = {
    Yolo: _yolo_form,
    Region: _region_form,
}
