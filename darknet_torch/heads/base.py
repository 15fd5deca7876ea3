"""What a detection head is: a layer whose output decodes to boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from darknet_torch.errors import warn
from darknet_torch.layers.base import BuildContext, Layer

_DEFAULT_ANCHOR = 0.5


@dataclass(frozen=True)
class Predictions:
    """What a head says of a batch of N pictures, A boxes each.

    Attributes:
        boxes: [N, A, 4] centre x, centre y, width, height, in 0-1 of the network's input.
        objectness: [N, A], 0-1; boxes at or below the threshold are no candidates.
        class_scores: [N, A, C], 0-1, objectness included.
    """

    boxes: Tensor
    objectness: Tensor
    class_scores: Tensor

    @staticmethod
    def join(parts: list[Predictions]) -> Predictions:
        """The predictions of several heads as one, in their order.

        Args:
            parts: at least one; all for the same pictures and classes.
        """
        return Predictions(
            torch.cat([part.boxes for part in parts], 1),
            torch.cat([part.objectness for part in parts], 1),
            torch.cat([part.class_scores for part in parts], 1),
        )


class Head(Layer):
    """Base of the detection heads.

    Attributes:
        classes: how many classes it tells apart.
        boxes_per_position: how many boxes each position predicts.
        values_per_box: values for one box: coordinates, objectness, classes.
        nms_kind: "default", "greedynms", "diounms" or "cornersnms".
        beta_nms: the exponent of diounms.
    """

    classes: int
    boxes_per_position: int
    values_per_box: int
    nms_kind: str = "default"
    beta_nms: float = 0.6

    def __init__(self, options: Any, context: BuildContext) -> None:
        super().__init__(options, context)

    def logistic(self, x: Tensor) -> Tensor:
        """The logistic function, in the network's arithmetic."""
        return self.arithmetic.logistic(x)

    def check_filters(self, context: BuildContext, formula: str) -> None:
        """Compare the input's channels with what the head needs.

        Raises:
            CfgError: they differ.

        Source: parser.c parse_yolo, parse_region.
        """
        needed = self.channels_for(self.classes, self.boxes_per_position)
        channels = self.input_shape.channels
        if channels == needed:
            return
        source = context.last_with_filters()
        if source is None:
            raise self.config_error(
                "does not fit its input",
                expected=f"{needed} channels = {formula}",
                got=f"{channels} channels",
                fix=f"put a [convolutional] with filters={needed} before it",
            )
        raise self.config_error(
            f"needs filters={needed} in the [{source.section}] before it ({source.options.where})",
            expected=f"filters={needed} = {formula}",
            got=f"{channels} channels",
            fix=f"set filters={needed} at {source.options.where}, or correct the numbers here",
        )

    def channels_for(self, classes: int, boxes: int) -> int:
        """The channels that its input must have for so many classes and boxes per position."""
        return boxes * (self.values_per_box - self.classes + classes)

    def decode(self, output: Tensor, height: int, width: int) -> Predictions:
        """Boxes from the head's output.

        Args:
            output: what `forward` returned.
            height, width: of the network's input, pixels.
        """
        raise NotImplementedError


def parse_anchors(head: Head, given: tuple[float, ...], number: int) -> list[list[float]]:
    """`number` pairs from the numbers `given`, filled up as in C, with a warning.

    Source: yolo_layer.c make_yolo_layer, region_layer.c make_region_layer.
    """
    if len(given) != number * 2:
        warn(
            f"[{head.section}] anchors do not fit num={number}",
            where=head.options.where,
            expected=f"{number * 2} numbers",
            got=f"{len(given)}; Darknet leaves out what is too much and fills up "
            f"with {_DEFAULT_ANCHOR}",
        )
    values = [*given[: number * 2]]
    values += [_DEFAULT_ANCHOR] * (number * 2 - len(values))
    return [values[index : index + 2] for index in range(0, number * 2, 2)]


def in_parts(anchors: Tensor, height: int, width: int, like: Tensor) -> Tensor:
    """[boxes, 2] widths and heights as parts of a `width` and a `height`."""
    anchors = anchors.to(like)
    return torch.stack((anchors[:, 0] / width, anchors[:, 1] / height), -1)


def positions(height: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Column and row numbers of a map, as [1, width] and [height, 1]."""
    columns = torch.arange(width, dtype=like.dtype, device=like.device)
    rows = torch.arange(height, dtype=like.dtype, device=like.device)
    return columns[None, :], rows[:, None]
