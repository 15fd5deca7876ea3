"""[yolo]: the head of YOLOv3, v4 and v7."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from darknet_torch.cfg.options import (
    FLT_MAX,
    choice,
    flag,
    integer,
    integers,
    number,
    numbers,
    text,
)
from darknet_torch.cfg.size_limits import MOST_ANCHORS, MOST_TRUTHS
from darknet_torch.decoding.yolo import YoloDecoder
from darknet_torch.errors import warn
from darknet_torch.heads.base import Head, HeadOptions, parse_anchors
from darknet_torch.heads.class_map import count_known_labels
from darknet_torch.layers.base import BuildContext, InferenceStep
from darknet_torch.targets.anchored import AnchoredAssigner

_IOU_KINDS = ("iou", "giou", "diou", "ciou")


@dataclass(frozen=True)
class AnchorOptions(HeadOptions):
    """The options that [yolo] and [Gaussian_yolo] share. Source: parser.c parse_yolo."""

    classes: int = integer(20, minimum=1, doc="how many classes")
    num: int = integer(1, minimum=1, maximum=MOST_ANCHORS, doc="number of anchors of all heads")
    mask: tuple[int, ...] = integers(
        (),
        stops_at_hash=True,
        minimum=0,
        maximum=MOST_ANCHORS - 1,
        doc="the anchors of this head, all if absent",
    )
    anchors: tuple[float, ...] = numbers(
        (), stops_at_hash=True, doc="widths and heights, pixels of the network's input"
    )
    max: int = integer(
        lambda dialect: dialect.defaults.yolo_max_boxes,
        minimum=1,
        maximum=MOST_TRUTHS,
        doc="truths per picture at most",
    )
    jitter: float = number(0.2, minimum=0, maximum=1, doc="random crop while training")
    resize: float = number(
        1.0, minimum=0, maximum=10, only="alexeyab", doc="random scale while training"
    )
    random: float = number(
        0.0, minimum=0, maximum=10, doc="multi-scale training, by this factor if above 1"
    )
    ignore_thresh: float = number(0.5, doc="no penalty for objectness above this IoU")
    truth_thresh: float = number(1.0, doc="also assign truths to boxes above this IoU")
    iou_thresh: float = number(1.0, only="alexeyab", doc="also match anchors above this IoU")
    iou_thresh_kind: str = choice(
        "iou", *_IOU_KINDS, fallback="iou", only="alexeyab", doc="which IoU iou_thresh means"
    )
    iou_loss: str = choice(
        "mse", "mse", *_IOU_KINDS, fallback="iou", only="alexeyab", doc="loss of the boxes"
    )
    iou_normalizer: float = number(0.75, only="alexeyab", doc="weight of the box loss")
    obj_normalizer: float = number(1.0, only="alexeyab", doc="weight of the objectness loss")
    cls_normalizer: float = number(1.0, only="alexeyab", doc="weight of the class loss")
    delta_normalizer: float = number(1.0, only="alexeyab", doc="weight of the whole loss")
    max_delta: float = number(FLT_MAX, only="alexeyab", doc="bound on a box's gradient")
    counters_per_class: tuple[int, ...] = integers(
        (), stops_at_hash=True, only="alexeyab", doc="truths of each class, to weigh the rare"
    )
    label_smooth_eps: float = number(0.0, only="alexeyab", doc="smoothing of labels")
    objectness_smooth: bool = flag(
        only="alexeyab", doc="the target of the objectness is the IoU, not 1"
    )
    scale_x_y: float = number(1.0, only="alexeyab", doc="how far a centre may leave its cell")
    beta_nms: float = number(0.6, only="alexeyab", doc="exponent of diounms")
    map: str = text("", doc="file that maps class ids")


@dataclass(frozen=True)
class YoloOptions(AnchorOptions):
    """Source: parser.c parse_yolo (both code bases)."""

    new_coords: bool = flag(only="alexeyab", doc="the layer before has applied logistic")
    nms_kind: str = choice(
        "default",
        *("default", "greedynms", "diounms"),
        fallback="default",
        only="alexeyab",
        doc="how overlapping boxes are removed",
    )
    focal_loss: bool = flag(only="alexeyab", doc="focal loss of the classes")
    embedding_layer: int = integer(999999, only="alexeyab", doc="layer with track embeddings")
    track_history_size: int = integer(5, only="alexeyab", doc="frames a track is remembered")
    sim_thresh: float = number(0.8, only="alexeyab", doc="similarity within a track")
    dets_for_track: int = integer(1, only="alexeyab", doc="detections that start a track")
    dets_for_show: int = integer(1, only="alexeyab", doc="detections before it is shown")
    track_ciou_norm: float = number(0.01, only="alexeyab", doc="weight of position in tracking")
    show_details: bool = flag(
        True, only="alexeyab", doc="print, and sum up, the parts of the loss"
    )


class AnchorHead(Head):
    """A head that predicts boxes relative to anchors: [yolo] and [Gaussian_yolo].

    Attributes:
        anchors, anchor_pairs: widths and heights of this head's anchors, pixels of the
            network's input, as [boxes, 2] and as numbers.
        mask: indices of these anchors in the cfg's list.
        all_anchors: widths and heights of the anchors of all heads.
        shift: part of the size from the point that x and y mean to the centre.
    """

    options: AnchorOptions
    shift: float = 0.0

    def __init__(
        self, options: AnchorOptions, context: BuildContext, *, coordinates: int, formula: str
    ) -> None:
        super().__init__(options, context)
        self.classes = options.classes
        self.mask = options.mask or tuple(range(options.num))
        self.boxes_per_position = len(self.mask)
        self.values_per_box = coordinates + 1 + options.classes
        self.beta_nms = options.beta_nms
        self._check_mask()
        self.check_filters(context, formula.format(len(self.mask), options.classes))
        self._check_counters()
        anchors = self._parse_anchors()
        self.anchor_pairs = tuple(anchors[index] for index in self.mask)
        self.register_buffer("anchors", torch.tensor(self.anchor_pairs), persistent=False)
        self.all_anchors = tuple(anchors[: options.num])
        self._checks_labels = context.dialect.training.cumulative_yolo

    def _check_counters(self) -> None:
        counters = self.options.counters_per_class
        if counters and len(counters) != self.classes:
            raise self.config_error(
                "counters_per_class does not fit classes",
                expected=f"{self.classes} numbers",
                got=len(counters),
            )

    def _anchors_beyond_num(self) -> list[int]:
        return [index for index in self.mask if index >= self.options.num]

    def _fix_of_mask(self) -> str:
        """Suggest what to write if mask= names anchors that do not exist."""
        existing = [index for index in self.mask if index < self.options.num]
        mask = existing or range(self.options.num)
        return f"write mask={_join_numbers(mask)}, or num={max(self.mask) + 1}"

    def _check_mask(self) -> None:
        """Refuse a mask of missing anchors where the input does not have the channels for it.

        Where it has them, Darknet loads the head, and `_parse_anchors` warns.

        Raises:
            CfgError: mask= names anchors that do not exist, and filters= is not for them.
        """
        beyond = self._anchors_beyond_num()
        needed = self.channels_for(self.classes, self.boxes_per_position)
        if not beyond or self.input_shape.channels == needed:
            return
        last = self.options.num - 1
        raise self.config_error(
            f"mask= names anchor{'s' if len(beyond) > 1 else ''} {_join_numbers(beyond)}, "
            f"which num={self.options.num} does not have",
            expected="anchor 0 alone" if last == 0 else f"anchors 0..{last}",
            got=f"mask={_join_numbers(self.mask)}",
            fix=self._fix_of_mask(),
        )

    def _parse_anchors(self) -> list[tuple[float, float]]:
        """The cfg's anchors, at least as many as mask= names."""
        options = self.options
        number = max(options.num, max(self.mask) + 1)
        if number > options.num:
            warn(
                f"[{self.section}] mask= names an anchor beyond num={options.num}, where Darknet "
                "reads whatever its memory holds; here anchors= is read further",
                where=options.where,
                expected=f"0..{options.num - 1}",
                got=max(self.mask),
                fix=self._fix_of_mask(),
            )
        return parse_anchors(self, options.anchors, number)

    @cached_property
    def assigner(self) -> AnchoredAssigner:
        """`Head.assigner`. Source: utils.c int_index for the box of an anchor."""
        options, anchors = self.options, self.all_anchors
        return AnchoredAssigner(
            *self.assigner_sizes(),
            class_map=self.class_map,
            known_labels=count_known_labels(self, checked=self._checks_labels),
            anchors=anchors,
            box_of_anchor=tuple(
                self.mask.index(index) if index in self.mask else -1
                for index in range(len(anchors))
            ),
            boxes=self.boxes_per_position,
            iou_thresh=options.iou_thresh,
            iou_thresh_kind=options.iou_thresh_kind,
            counters_per_class=options.counters_per_class,
            max_delta=options.max_delta,
            shift=self.shift,
        )


class Yolo(AnchorHead):
    """[yolo]. Source: yolo_layer.c forward_yolo_layer, get_yolo_box, get_yolo_detections."""

    section_names = ("yolo",)
    example_cfg = "[convolutional]\nfilters=7\n[yolo]\nclasses=2\nanchors=10,20\n"
    Options = YoloOptions
    options: YoloOptions
    decodes_input = True

    def __init__(self, options: YoloOptions, context: BuildContext) -> None:
        formula = "{0} masks * (4 + 1 + {1} classes)"
        super().__init__(options, context, coordinates=4, formula=formula)
        self.nms_kind = options.nms_kind
        if options.embedding_layer != 999999:
            context.layer(options.embedding_layer, options.where, "embedding_layer")

    @cached_property
    def decoder(self) -> YoloDecoder:
        """`Head.decoder`."""
        options = self.options
        return YoloDecoder(
            self.boxes_per_position,
            self.classes,
            self.anchor_pairs,
            scale_x_y=options.scale_x_y,
            new_coords=options.new_coords,
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, boxes * (5 + classes), H, W] to the same, activated.

        The channels of a box are x and y in cells, raw w and h, objectness, classes.
        """
        return self.activate(x)

    def inference_step(self, overwritable: Sequence[bool]) -> InferenceStep:
        """Activate the whole map where it lies, and put the raw widths and heights back.

        That takes a third of the time of `forward`, which joins parts of the map.
        """
        scale, new_coords, per_box = self.options.scale_x_y, self.options.new_coords, self.per_box

        def compute(x: Tensor) -> Tensor:
            out = x if overwritable[0] else x.clone()
            boxes = per_box(out)
            if not new_coords:
                wh = boxes[:, :, 2:4].clone()
                out.sigmoid_()
                boxes[:, :, 2:4] = wh
            if scale != 1:
                boxes[:, :, :2].mul_(scale).sub_(0.5 * (scale - 1))
            return out

        return InferenceStep(compute, owns_output=True)

    def describe_loss(self, parts: Mapping[str, float]) -> str:
        """Source: yolo_layer.c forward_yolo_layer (AlexeyAB), its printf."""
        if "iou_loss" not in parts:  # of another family than Darknet's
            return super().describe_loss(parts)
        options = self.options
        return (
            f"v3 ({options.iou_loss} loss, Normalizer: (iou: {options.iou_normalizer:.2f}, "
            f"obj: {options.obj_normalizer:.2f}, cls: {options.cls_normalizer:.2f}) "
            f"Region {self.index} Avg (IOU: {parts['iou']:f}), .5R: {parts['recall']:f}, "
            f"count: {parts['count']:.0f}, class_loss = {parts['class_loss']:f}, "
            f"iou_loss = {parts['iou_loss']:f}, total_loss = {parts['total_loss']:f}"
        )


def _join_numbers(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
