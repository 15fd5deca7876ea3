"""[region]: the head of YOLOv2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from darknet_torch.cfg.options import flag, integer, number, numbers, text
from darknet_torch.cfg.size_limits import MOST_ANCHORS, MOST_TRUTHS
from darknet_torch.decoding.region import RegionDecoder
from darknet_torch.heads.base import Head, HeadOptions, parse_anchors
from darknet_torch.heads.class_map import count_known_labels
from darknet_torch.layers.base import BuildContext
from darknet_torch.targets.region import RegionAssigner


@dataclass(frozen=True)
class RegionOptions(HeadOptions):
    """Source: parser.c parse_region (both code bases)."""

    coords: int = integer(4, minimum=4, doc="coordinates of a box")
    classes: int = integer(20, minimum=1, doc="how many classes")
    num: int = integer(1, minimum=1, maximum=MOST_ANCHORS, doc="how many anchors")
    anchors: tuple[float, ...] = numbers((), doc="widths and heights, cells of the map")
    softmax: bool = flag(doc="class scores add up to one")
    background: bool = flag(only="pjreddie", doc="a background class instead of the objectness")
    max: int = integer(
        lambda dialect: dialect.defaults.region_max_boxes,
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
    rescore: bool = flag(doc="the target of the objectness is the IoU, not 1")
    thresh: float = number(0.5, doc="no penalty for objectness above this IoU")
    classfix: int = integer(0, doc="also train classes of boxes above thresh; -1: see the C code")
    absolute: bool = flag(doc="boxes in absolute numbers")
    log: bool = flag(doc="logarithm of sizes")
    sqrt: bool = flag(doc="square root of sizes")
    coord_scale: float = number(1.0, doc="weight of the box loss")
    object_scale: float = number(1.0, doc="weight of objectness where there is an object")
    noobject_scale: float = number(1.0, doc="weight of objectness elsewhere")
    class_scale: float = number(1.0, doc="weight of the class loss")
    mask_scale: float = number(1.0, doc="weight of coordinates after the fourth")
    bias_match: bool = flag(doc="match by anchors, not by predictions")
    focal_loss: bool = flag(only="alexeyab", doc="focal loss of the classes")
    tree: str = text("", doc="file of a hierarchy of classes")
    map: str = text("", doc="file that maps class ids")


class Region(Head):
    """[region]. The memory order of the output differs between the code bases.

    Source: region_layer.c forward_region_layer, get_region_box, get_region_boxes
    (AlexeyAB), get_region_detections (pjreddie).

    Attributes:
        anchors, anchor_pairs: widths and heights in cells of the map, as [boxes, 2] and as
            numbers.
    """

    section_names = ("region",)
    example_cfg = "[convolutional]\nfilters=7\n[region]\nclasses=2\nanchors=1,2\nsoftmax=1\n"
    Options = RegionOptions
    options: RegionOptions
    decodes_input = True

    def __init__(self, options: RegionOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.classes, self.boxes_per_position = options.classes, options.num
        self.values_per_box = options.coords + 1 + options.classes
        self.flat = context.dialect.geometry.flat_region
        # With other coords AlexeyAB's code reads boxes from where it has not written them.
        self.decodes_input = self.decodes_input and (not self.flat or options.coords == 4)
        self.check_filters(
            context,
            f"{options.num} anchors * ({options.coords} coords + 1 + {options.classes} classes)",
        )
        self.tree = context.read_tree(options.tree, options.where, options.classes)
        self.anchor_pairs = tuple(parse_anchors(self, options.anchors, options.num))
        self.register_buffer("anchors", torch.tensor(self.anchor_pairs), persistent=False)

    @cached_property
    def assigner(self) -> RegionAssigner:
        """`Head.assigner`. AlexeyAB's rows have the class at index 4, whatever coords is."""
        return RegionAssigner(
            *self.assigner_sizes(),
            class_map=self.class_map,
            known_labels=count_known_labels(self, checked=self.flat),
            class_at=4 if self.flat else self.options.coords,
            more=0 if self.flat else self.options.coords - 4,
            has_tree=self.tree is not None,
        )

    @cached_property
    def decoder(self) -> RegionDecoder:
        """`Head.decoder`."""
        options = self.options
        return RegionDecoder(
            self.boxes_per_position,
            self.classes,
            self.anchor_pairs,
            coords=options.coords,
            flat=self.flat,
            softmax=options.softmax,
            background=options.background,
            classfix=options.classfix,
            tree=None if self.tree is None else self.tree.classes,
        )

    @property
    def objectness_at(self) -> int:
        """Index of the objectness in the values of a box."""
        return self.decoder.objectness_at

    def forward(self, x: Tensor) -> Tensor:
        """[N, boxes * values, H, W] to the same shape, activated.

        In AlexeyAB's order the values of a box are adjacent, position by position.
        """
        out = self.activate(x)
        return out.permute(0, 2, 3, 1).reshape(x.shape) if self.flat else out
