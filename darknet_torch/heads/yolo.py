"""[yolo]: the head of YOLOv3, v4 and v7."""

from __future__ import annotations

from dataclasses import dataclass

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
from darknet_torch.errors import warn
from darknet_torch.heads.base import Head, Predictions, in_parts, parse_anchors, positions
from darknet_torch.layers.base import BuildContext, LayerOptions

_IOU_KINDS = ("iou", "giou", "diou", "ciou")


@dataclass(frozen=True)
class AnchorOptions(LayerOptions):
    """What [yolo] and [Gaussian_yolo] have in common. Source: parser.c parse_yolo."""

    classes: int = integer(20, minimum=1, doc="how many classes")
    num: int = integer(1, minimum=1, doc="how many anchors in all")
    mask: tuple[int, ...] = integers(
        (), stops_at_hash=True, minimum=0, doc="the anchors of this head, all if absent"
    )
    anchors: tuple[float, ...] = numbers(
        (), stops_at_hash=True, doc="widths and heights, pixels of the network's input"
    )
    max: int = integer(
        lambda dialect: dialect.defaults.yolo_max_boxes,
        minimum=1,
        doc="truths per picture at most",
    )
    jitter: float = number(0.2, doc="random crop while training")
    resize: float = number(1.0, only="alexeyab", doc="random scale while training")
    random: float = number(0.0, doc="multi-scale training, by this factor if above 1")
    ignore_thresh: float = number(0.5, doc="no penalty for objectness above this IoU")
    truth_thresh: float = number(1.0, doc="also learn boxes above this IoU")
    iou_thresh: float = number(1.0, only="alexeyab", doc="learn every anchor above this IoU")
    iou_thresh_kind: str = choice(
        "iou", *_IOU_KINDS, fallback="iou", only="alexeyab", doc="which IoU iou_thresh means"
    )
    iou_loss: str = choice(
        "mse", "mse", *_IOU_KINDS, fallback="iou", only="alexeyab", doc="loss of the boxes"
    )
    iou_normalizer: float = number(0.75, only="alexeyab", doc="weight of the box loss")
    obj_normalizer: float = number(1.0, only="alexeyab", doc="weight of the objectness loss")
    cls_normalizer: float = number(1.0, only="alexeyab", doc="weight of the class loss")
    delta_normalizer: float = number(1.0, only="alexeyab", doc="weight of all of it")
    max_delta: float = number(FLT_MAX, only="alexeyab", doc="bound on a box's gradient")
    counters_per_class: tuple[int, ...] = integers(
        (), stops_at_hash=True, only="alexeyab", doc="truths of each class, to weigh the rare"
    )
    label_smooth_eps: float = number(0.0, only="alexeyab", doc="smoothing of labels")
    objectness_smooth: bool = flag(only="alexeyab", doc="objectness learns the IoU")
    scale_x_y: float = number(1.0, only="alexeyab", doc="reach of a centre beyond its cell")
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
    track_ciou_norm: float = number(0.01, only="alexeyab", doc="weight of place in tracks")
    show_details: bool = flag(
        True, only="alexeyab", doc="print, and sum up, the parts of the loss"
    )


class AnchorHead(Head):
    """A head whose boxes stretch anchors: [yolo] and its relatives.

    Attributes:
        anchors: [boxes, 2] widths and heights in pixels of the network's input.
        mask: which of the cfg's anchors they are.
        all_anchors: [num, 2], those of all heads.
    """

    options: AnchorOptions
    anchors: Tensor
    all_anchors: Tensor

    def __init__(
        self, options: AnchorOptions, context: BuildContext, *, coordinates: int, formula: str
    ) -> None:
        super().__init__(options, context)
        self.classes = options.classes
        self.mask = options.mask or tuple(range(options.num))
        self.boxes_per_position = len(self.mask)
        self.values_per_box = coordinates + 1 + options.classes
        self.beta_nms = options.beta_nms
        self.check_filters(context, formula.format(len(self.mask), options.classes))
        self._check_counters()
        anchors = self._anchors()
        chosen = [anchors[index] for index in self.mask]
        self.register_buffer("anchors", torch.tensor(chosen), persistent=False)
        everything = torch.tensor(anchors[: options.num])
        self.register_buffer("all_anchors", everything, persistent=False)

    def _check_counters(self) -> None:
        counters = self.options.counters_per_class
        if counters and len(counters) != self.classes:
            raise self.config_error(
                "counters_per_class does not fit classes",
                expected=f"{self.classes} numbers",
                got=len(counters),
            )

    def _anchors(self) -> list[list[float]]:
        options = self.options
        number = max(options.num, max(self.mask) + 1)
        if number > options.num:
            warn(
                f"[{self.section}] mask names an anchor beyond num={options.num}, where Darknet "
                "reads whatever its memory holds; here the cfg's own anchors go on",
                where=options.where,
                expected=f"0..{options.num - 1}",
                got=max(self.mask),
                fix="correct mask= or num=",
            )
        return parse_anchors(self, options.anchors, number)

    @property
    def places_of_anchors(self) -> list[int]:
        """For each of the cfg's anchors, which of this head's boxes has it, -1 for none.

        Source: utils.c int_index.
        """
        return [
            self.mask.index(index) if index in self.mask else -1
            for index in range(len(self.all_anchors))
        ]

    def per_box(self, output: Tensor) -> Tensor:
        """[N, boxes * values, H, W] as [N, boxes, values, H, W]."""
        count, _, height, width = output.shape
        return output.reshape(count, self.boxes_per_position, self.values_per_box, height, width)


class Yolo(AnchorHead):
    """[yolo]. Source: yolo_layer.c forward_yolo_layer, get_yolo_box, get_yolo_detections."""

    section_names = ("yolo",)
    Options = YoloOptions
    options: YoloOptions

    def __init__(self, options: YoloOptions, context: BuildContext) -> None:
        formula = "{0} masks * (4 + 1 + {1} classes)"
        super().__init__(options, context, coordinates=4, formula=formula)
        self.nms_kind = options.nms_kind
        if options.embedding_layer != 999999:
            context.layer(options.embedding_layer, options.where, "embedding_layer")

    def forward(self, x: Tensor) -> Tensor:
        """[N, boxes * (5 + classes), H, W] to the same, activated.

        Per box the channels are x, y in cells, w, h raw, objectness, classes.
        """
        x, scale = self.per_box(x), self.options.scale_x_y
        xy, wh, rest = x[:, :, :2], x[:, :, 2:4], x[:, :, 4:]
        if not self.options.new_coords:
            xy, rest = self.logistic(xy), self.logistic(rest)
        if scale != 1:
            xy = xy * scale - 0.5 * (scale - 1)
        return torch.cat((xy, wh, rest), 2).flatten(1, 2)

    def decode(self, output: Tensor, height: int, width: int) -> Predictions:
        """`Head.decode`. Source: yolo_layer.c get_yolo_box, get_yolo_detections."""
        values = self.per_box(output).permute(0, 3, 4, 1, 2)  # N, H, W, boxes, values
        rows, columns = values.shape[1:3]
        column, row = positions(rows, columns, values)
        x = (values[..., 0] + column[..., None]) / columns
        y = (values[..., 1] + row[..., None]) / rows
        wh = values[..., 2:4]
        factor = wh * wh * 4 if self.options.new_coords else wh.exp()
        wh = factor * in_parts(self.anchors, height, width, values)
        boxes = torch.cat((torch.stack((x, y), -1), wh), -1)
        objectness = values[..., 4]
        scores = objectness[..., None] * values[..., 5:]
        return Predictions(boxes.flatten(1, 3), objectness.flatten(1), scores.flatten(1, 3))
