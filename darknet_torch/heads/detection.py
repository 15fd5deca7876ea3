"""[detection]: the head of YOLOv1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from darknet_torch.cfg.options import flag, integer, number
from darknet_torch.cfg.size_limits import MOST_TRUTHS
from darknet_torch.decoding.detection import DetectionDecoder
from darknet_torch.heads.base import Head, HeadOptions
from darknet_torch.layers.base import BuildContext

_COORDINATES = 4


@dataclass(frozen=True)
class DetectionOptions(HeadOptions):
    """Source: parser.c parse_detection (both code bases)."""

    classes: int = integer(1, minimum=1, doc="how many classes")
    coords: int = integer(1, minimum=1, doc="coordinates of a box, 4 for boxes")
    num: int = integer(1, minimum=1, doc="boxes per cell")
    side: int = integer(7, minimum=1, doc="cells per side")
    softmax: bool = flag(doc="class scores add up to one")
    sqrt: bool = flag(doc="widths and heights are square roots")
    max: int = integer(
        lambda dialect: dialect.defaults.yolo_max_boxes,
        minimum=1,
        maximum=MOST_TRUTHS,
        doc="truths per picture at most",
    )
    rescore: bool = flag(doc="the target of the confidence is the IoU, not 1")
    forced: bool = flag(doc="the first box is trained on small objects, the second on large ones")
    jitter: float = number(0.2, minimum=0, maximum=1, doc="random crop while training")
    resize: float = number(
        1.0, minimum=0, maximum=10, only="alexeyab", doc="random scale while training"
    )
    random: float = number(
        0.0, minimum=0, maximum=10, doc="choose the responsible box at random at first"
    )
    reorg: bool = flag(doc="no effect: Darknet reads it and does not use it")
    coord_scale: float = number(1.0, doc="weight of the box loss")
    object_scale: float = number(1.0, doc="weight of confidence where there is an object")
    noobject_scale: float = number(1.0, doc="weight of confidence elsewhere")
    class_scale: float = number(1.0, doc="weight of the class loss")


class Detection(Head):
    """[detection]. The output holds all class scores, then all confidences, then all boxes.

    Source: detection_layer.c forward_detection_layer, get_detection_detections.
    """

    section_names = ("detection",)
    truths_by_cell = True
    example_cfg = "[connected]\noutput=28\n[detection]\nside=2\nclasses=2\ncoords=4\n"
    Options = DetectionOptions
    options: DetectionOptions

    def __init__(self, options: DetectionOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        if options.coords < _COORDINATES:
            raise self.config_error(
                f"coords={options.coords} is too few for a box", expected=f"coords={_COORDINATES}"
            )
        self.classes, self.boxes_per_position = options.classes, options.num
        self.values_per_box = 1 + options.coords
        self.cells = options.side**2
        needed = self._values_for(options.classes, options.num)
        if context.input_shape.count != needed:
            before = context.built[-1].options if context.built else context.net
            raise self.config_error(
                f"needs output={needed} in the layer before it ({before.where})",
                expected=f"{needed} = {options.side}^2 cells * "
                f"((1 + {options.coords} coords) * {options.num} boxes + "
                f"{options.classes} classes)",
                got=f"{context.input_shape.count} values",
            )

    def _values_for(self, classes: int, boxes: int) -> int:
        return self.cells * (self.values_per_box * boxes + classes)

    def channels_for(self, classes: int, boxes: int) -> int:
        """`Head.channels_for`, for the map of the layer before the head.

        Raises:
            CfgError: a map of that size cannot hold that many values.
        """
        values, positions = self._values_for(classes, boxes), self.input_shape.count
        positions //= self.input_shape.channels
        if values % positions:
            raise self.config_error(
                f"cannot have {classes} classes",
                expected=f"{values} values",
                got=f"a map of {positions} positions",
            )
        return values // positions

    @cached_property
    def decoder(self) -> DetectionDecoder:
        """`Head.decoder`."""
        options = self.options
        return DetectionDecoder(
            options.num, options.classes, (), side=options.side, sqrt=options.sqrt
        )

    def forward(self, x: Tensor) -> Tensor:
        if not self.options.softmax:
            return x
        flat = x.flatten(1)
        count = self.cells * self.classes
        classes = flat[:, :count].unflatten(1, (self.cells, self.classes)).softmax(-1)
        return torch.cat((classes.flatten(1), flat[:, count:]), 1).view_as(x)
