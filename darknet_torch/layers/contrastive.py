"""[contrastive]: the contrastive loss of embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import FLT_MAX, integer, number
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class ContrastiveOptions(LayerOptions):
    """Source: parser.c parse_contrastive (AlexeyAB)."""

    classes: int = integer(1000, minimum=1, doc="how many classes")
    yolo_layer: int = integer(0, doc="the [yolo] whose objects to embed, relative if negative")
    temperature: float = number(1.0, doc="divides the similarities")
    cls_normalizer: float = number(1.0, doc="weight of the loss")
    max_delta: float = number(FLT_MAX, doc="bound on the gradient")
    contrastive_neg_max: int = integer(3, doc="negatives per positive at most")


class Contrastive(Layer):
    """[contrastive]. At inference the output is zero, as in Darknet.

    Attributes:
        head_index: index of the [yolo] whose boxes have embeddings, None for whole pictures.
        boxes: embeddings per position of the map.

    Source: softmax_layer.c make_contrastive_layer, forward_contrastive_layer (AlexeyAB).
    """

    section_names = ("contrastive",)
    example_cfg = "[contrastive]\nclasses=2\n"
    Options = ContrastiveOptions

    def __init__(self, options: ContrastiveOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.head_index: int | None = None
        self.boxes = 1
        if options.yolo_layer:
            head = context.layer(options.yolo_layer, options.where, "yolo_layer")
            if head.section != "yolo":
                raise self.config_error(
                    f"yolo_layer={options.yolo_layer} does not mean a [yolo]",
                    expected="a [yolo] before it",
                    got=f"[{head.section}], layer {head.index}",
                )
            self.head_index, self.boxes = head.index, int(head.boxes_per_position)  # type: ignore[arg-type]
            if context.input_shape.channels % self.boxes:
                raise self.config_error(
                    "cannot divide its input among the boxes of its yolo_layer",
                    expected=f"a multiple of {self.boxes} channels",
                    got=f"{context.input_shape.channels} channels",
                )

    def describe_loss(self, parts: Mapping[str, float]) -> str:
        """Source: contrastive_layer.c forward_contrastive_layer, its printf."""
        return f"Contrast accuracy = {parts['accuracy']:f} %"

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape)
