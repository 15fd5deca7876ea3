"""[Gaussian_yolo]: [yolo] with an uncertainty for each coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from darknet_torch.cfg.options import choice, number
from darknet_torch.decoding.gaussian_yolo import GaussianYoloDecoder
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
    decodes_input = True

    def __init__(self, options: GaussianYoloOptions, context: BuildContext) -> None:
        formula = "{0} masks * (8 + 1 + {1} classes)"
        super().__init__(options, context, coordinates=8, formula=formula)
        self.nms_kind = options.nms_kind
        self.shift = _POINTS[options.yolo_point]

    @cached_property
    def decoder(self) -> GaussianYoloDecoder:
        """`Head.decoder`."""
        return GaussianYoloDecoder(
            self.boxes_per_position,
            self.classes,
            self.anchor_pairs,
            scale_x_y=self.options.scale_x_y,
            shift=self.shift,
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, boxes * (9 + classes), H, W] to the same, activated.

        The channels of a box are mean and uncertainty of x, y, w, h, then objectness and classes.
        """
        return self.activate(x)
