"""[Gaussian_yolo]: [yolo] with an uncertainty for each coordinate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import choice, number
from darknet_torch.heads.base import Predictions, anchor_fractions, cell_positions
from darknet_torch.heads.yolo import AnchorHead, AnchorOptions
from darknet_torch.layers.base import BuildContext

_POINTS = {"center": 0.0, "left_top": 0.5, "right_bottom": -0.5}


@dataclass(frozen=True)
class GaussianYoloOptions(AnchorOptions):
    """Source: parser.c parse_gaussian_yolo (AlexeyAB)."""

    nms_kind: str = choice(
        "default",
        *("default", "greedynms", "diounms", "cornersnms"),
        fallback="default",
        doc="how overlapping boxes are removed",
    )
    uc_normalizer: float = number(1.0, doc="weight of the uncertainty loss")
    yolo_point: str = choice(
        "center", *_POINTS, fallback="center", doc="the point of a box that x and y mean"
    )


class GaussianYolo(AnchorHead):
    """[Gaussian_yolo].

    Source: gaussian_yolo_layer.c forward_gaussian_yolo_layer, get_gaussian_yolo_box,
    get_gaussian_yolo_detections (AlexeyAB).
    """

    section_names = ("Gaussian_yolo",)
    example_cfg = "[convolutional]\nfilters=11\n[Gaussian_yolo]\nclasses=2\nanchors=10,20\n"
    Options = GaussianYoloOptions

    def __init__(self, options: GaussianYoloOptions, context: BuildContext) -> None:
        formula = "{0} masks * (8 + 1 + {1} classes)"
        super().__init__(options, context, coordinates=8, formula=formula)
        self.nms_kind = options.nms_kind
        self.shift = _POINTS[options.yolo_point]

    def forward(self, x: Tensor) -> Tensor:
        """[N, boxes * (9 + classes), H, W] to the same, activated.

        The channels of a box are mean and uncertainty of x, y, w, h, then objectness and classes.
        """
        values, scale = self.per_box(x), self.options.scale_x_y
        out = self.logistic(values)
        centre = out[:, :, 0:3:2] * scale - 0.5 * (scale - 1)
        parts = (
            *(centre[:, :, :1], out[:, :, 1:2], centre[:, :, 1:], out[:, :, 3:4]),
            *(values[:, :, 4:5], out[:, :, 5:6], values[:, :, 6:7], out[:, :, 7:]),
        )
        return torch.cat(parts, 2).flatten(1, 2)

    def decode(self, output: Tensor, height: int, width: int) -> Predictions:
        """`Head.decode`. Source: gaussian_yolo_layer.c get_gaussian_yolo_detections."""
        values = self.per_box(output).permute(0, 3, 4, 1, 2)  # N, H, W, boxes, values
        rows, columns = values.shape[1:3]
        column, row = cell_positions(rows, columns, values)
        wh = values[..., 4:8:2].exp() * anchor_fractions(self.anchors, height, width, values)
        x = (values[..., 0] + column[..., None]) / columns + self.shift * wh[..., 0]
        y = (values[..., 2] + row[..., None]) / rows + self.shift * wh[..., 1]
        objectness = values[..., 8]
        certainty = 1 - values[..., 1:8:2].mean(-1)
        scores = (objectness * certainty)[..., None] * values[..., 9:]
        boxes = torch.cat((torch.stack((x, y), -1), wh), -1)
        return Predictions(boxes.flatten(1, 3), objectness.flatten(1), scores.flatten(1, 3))
