"""[region]: the head of YOLOv2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from darknet_torch.cfg.options import flag, integer, number, numbers, text
from darknet_torch.heads.base import (
    Head,
    HeadOptions,
    Predictions,
    anchor_fractions,
    cell_positions,
    parse_anchors,
)
from darknet_torch.heads.class_map import count_known_labels
from darknet_torch.layers.base import BuildContext
from darknet_torch.ops.trees import TreeProbabilities
from darknet_torch.targets.region import RegionAssigner


@dataclass(frozen=True)
class RegionOptions(HeadOptions):
    """Source: parser.c parse_region (both code bases)."""

    coords: int = integer(4, minimum=4, doc="coordinates of a box")
    classes: int = integer(20, minimum=1, doc="how many classes")
    num: int = integer(1, minimum=1, doc="how many anchors")
    anchors: tuple[float, ...] = numbers((), doc="widths and heights, cells of the map")
    softmax: bool = flag(doc="class scores add up to one")
    background: bool = flag(only="pjreddie", doc="a background class instead of the objectness")
    max: int = integer(
        lambda dialect: dialect.defaults.region_max_boxes,
        minimum=1,
        doc="truths per picture at most",
    )
    jitter: float = number(0.2, doc="random crop while training")
    resize: float = number(1.0, only="alexeyab", doc="random scale while training")
    random: float = number(0.0, doc="multi-scale training, by this factor if above 1")
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
        anchors: [boxes, 2] widths and heights in cells of the map.
    """

    section_names = ("region",)
    example_cfg = "[convolutional]\nfilters=7\n[region]\nclasses=2\nanchors=1,2\nsoftmax=1\n"
    Options = RegionOptions
    anchors: Tensor

    def __init__(self, options: RegionOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.classes, self.boxes_per_position = options.classes, options.num
        self.values_per_box = options.coords + 1 + options.classes
        self.flat = context.dialect.geometry.flat_region
        # AlexeyAB's code reads the fifth value as the objectness, whatever coords is.
        self.objectness_at = 4 if self.flat else options.coords
        self.check_filters(
            context,
            f"{options.num} anchors * ({options.coords} coords + 1 + {options.classes} classes)",
        )
        self.tree = context.read_tree(options.tree, options.where, options.classes)
        anchors = torch.tensor(parse_anchors(self, options.anchors, options.num))
        self.register_buffer("anchors", anchors, persistent=False)

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

    def forward(self, x: Tensor) -> Tensor:
        """[N, boxes * values, H, W] to the same shape, activated.

        In AlexeyAB's order the values of a box are adjacent, position by position.
        """
        count, _, height, width = x.shape
        per_box = x.reshape(count, self.boxes_per_position, self.values_per_box, height, width)
        xy, at = per_box[:, :, :2], self.objectness_at
        middle, objectness = per_box[:, :, 2:at], per_box[:, :, at : at + 1]
        classes = per_box[:, :, at + 1 : at + 1 + self.classes]
        rest = per_box[:, :, at + 1 + self.classes :]
        if self.options.background and not self.options.softmax:
            classes = self.logistic(classes)
        elif self.options.background:
            together = torch.cat((objectness, classes), 2).softmax(2)
            objectness, classes = together[:, :, :1], together[:, :, 1:]
        else:
            objectness, classes = self.logistic(objectness), self._class_scores(classes)
        if not self.flat:
            xy = self.logistic(xy)
        out = torch.cat((xy, middle, objectness, classes, rest), 2).flatten(1, 2)
        return out.permute(0, 2, 3, 1).reshape(x.shape) if self.flat else out

    def _class_scores(self, classes: Tensor) -> Tensor:
        """Activate raw class scores [N, boxes, C, H, W]."""
        if self.tree is not None:
            return self.tree.softmax(classes.movedim(2, -1)).movedim(-1, 2)
        if self.options.softmax:
            return classes.softmax(2)
        return classes if self.flat else self.logistic(classes)

    def decode(self, output: Tensor, height: int, width: int) -> Predictions:
        """`Head.decode`. Source: region_layer.c get_region_detections."""
        count, _, rows, columns = output.shape
        boxes, size = self.boxes_per_position, self.values_per_box
        if self.flat:
            # Source: region_layer.c get_region_boxes reads as if coords were 4.
            size = self.classes + 5
            flat = output.flatten(1)[:, : rows * columns * boxes * size]
            values = flat.reshape(count, rows, columns, boxes, size)
            xy = values[..., :2].sigmoid()
        else:
            values = output.reshape(count, boxes, size, rows, columns).permute(0, 3, 4, 1, 2)
            xy = values[..., :2]
        column, row = cell_positions(rows, columns, values)
        x = (xy[..., 0] + column[..., None]) / columns
        y = (xy[..., 1] + row[..., None]) / rows
        wh = values[..., 2:4].exp() * anchor_fractions(self.anchors, rows, columns, values)
        at = self.objectness_at
        objectness = values[..., at]
        if self.options.background:
            objectness = torch.ones_like(objectness)
        if self.flat and self.options.classfix == -1:
            objectness = torch.where(objectness < 0.5, 0.0, objectness)
        classes = values[..., at + 1 : at + 1 + self.classes]
        if self.tree is not None:
            scores, certain = self._tree_scores(classes, objectness, self.tree), objectness
        else:
            scores = objectness[..., None] * classes
            # AlexeyAB's code thresholds the class scores alone.
            certain = torch.ones_like(objectness) if self.flat else objectness
        return Predictions(
            torch.cat((torch.stack((x, y), -1), wh), -1).flatten(1, 3),
            certain.flatten(1),
            scores.flatten(1, 3),
        )

    def _tree_scores(self, classes: Tensor, objectness: Tensor, tree: TreeProbabilities) -> Tensor:
        """Score one class per box by its probability (AlexeyAB) or the objectness (pjreddie)."""
        chained = tree.chain(classes)
        if self.flat:
            return tree.deepest(chained)
        ids = torch.arange(self.classes, device=classes.device)
        return torch.where(ids == tree.top(chained)[..., None], objectness[..., None], 0.0)
