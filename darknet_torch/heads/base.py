"""The base of detection heads: layers whose output decodes to boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor

from darknet_torch.cfg.options import declared_options
from darknet_torch.decoding.decoder import Cells, Decoder
from darknet_torch.errors import warn
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions
from darknet_torch.layers.convolutional import ConvolutionalOptions
from darknet_torch.ops.arrays import TORCH
from darknet_torch.targets.assignment import Assigner, Size

_DEFAULT_ANCHOR = 0.5
_LOSS_PARTS = ("box_loss", "objectness_loss", "class_loss", "iou_loss", "uc_loss", "total_loss")


@dataclass(frozen=True)
class Predictions:
    """The predictions of a head for a batch of N pictures with A boxes each.

    Attributes:
        boxes: [N, A, 4] centre x, centre y, width, height, in 0-1 of the network's input.
        objectness: [N, A], 0-1; boxes at or below the threshold are dropped.
        class_scores: [N, A, C], 0-1, objectness included.
    """

    boxes: Tensor
    objectness: Tensor
    class_scores: Tensor

    @staticmethod
    def join(parts: list[Predictions]) -> Predictions:
        """Concatenate the predictions of several heads, in their order.

        Args:
            parts: at least one; all of the same pictures and classes.
        """
        return Predictions(
            torch.cat([part.boxes for part in parts], 1),
            torch.cat([part.objectness for part in parts], 1),
            torch.cat([part.class_scores for part in parts], 1),
        )


@dataclass(frozen=True)
class HeadOptions(LayerOptions):
    """Base of the heads' options; says where the keys of the layer before a head belong."""

    misplaced_keys: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(declared_options(ConvolutionalOptions), "the [convolutional] before it")
    )


class Head(Layer):
    """Base of the detection heads.

    Attributes:
        classes: number of classes.
        boxes_per_position: number of boxes that each position of the map predicts.
        values_per_box: number of values of one box: coordinates, objectness, class scores.
        nms_kind: kind of non-maximum suppression: "default", "greedynms", "diounms" or
            "cornersnms".
        beta_nms: exponent of diounms.
        truths_by_cell: the loss takes a truth for each cell, else a list of boxes.
        decodes_input: boxes can be decoded from the head's input, before its activation. A
            subclass with a `forward` or `decode` of its own has to say so itself.
        anchors: [boxes, 2] widths and heights of its anchors, if its `decoder` has some.
    """

    classes: int
    boxes_per_position: int
    values_per_box: int
    nms_kind: str = "default"
    beta_nms: float = 0.6
    truths_by_cell: ClassVar[bool] = False
    decodes_input: bool = False
    anchors: Tensor
    needs_float32 = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if {"forward", "decode"} & vars(cls).keys() and "decodes_input" not in vars(cls):
            cls.decodes_input = False

    def __init__(self, options: Any, context: BuildContext) -> None:
        super().__init__(options, context)
        self._files = context.files
        self._net_size = (context.net.height, context.net.width)

    @cached_property
    def class_map(self) -> tuple[int, ...] | None:
        """The head's class for each class of the labels, from the file of map=; None without map=.

        The file is read at the first use, which happens only in training.

        Raises:
            CfgError: the file does not exist, or does not hold such numbers.
        """
        name = getattr(self.options, "map", "")
        if not name:
            return None
        return self._files.read_class_map(
            name, section=self.section, where=self.options.where, classes=self.classes
        )

    @property
    def assigner(self) -> Assigner | None:
        """Assigns the truths of a mini-batch to this head; None where its loss does it.

        Raises:
            CfgError: as `class_map`.
        """
        return None

    @property
    def decoder(self) -> Decoder | None:
        """The formulas of the head's values; None where `decode` is the head's own."""
        return None

    def assigner_sizes(self) -> tuple[Size, Size]:
        """Height and width of the network's input and of the head's map, those of the cfg."""
        return self._net_size, (self.input_shape.height, self.input_shape.width)

    def describe_loss(self, parts: Mapping[str, float]) -> str:
        """Source: region_layer.c forward_region_layer, its printf; more for the classic losses."""
        if not {"iou", "recall", "count"} <= set(parts):
            return super().describe_loss(parts)
        more = "".join(f", {name} = {parts[name]:f}" for name in _LOSS_PARTS if name in parts)
        return (
            f"Region {self.index} Avg IOU: {parts['iou']:f}, .5R: {parts['recall']:f}, "
            f"count: {parts['count']:.0f}{more}"
        )

    def logistic(self, x: Tensor) -> Tensor:
        """The logistic function, in the network's arithmetic."""
        return self.arithmetic.logistic(x)

    def per_box(self, values: Tensor) -> Tensor:
        """[N, boxes * values, H, W] as [N, boxes, values, H, W]."""
        count, _, height, width = values.shape
        return values.reshape(count, self.boxes_per_position, self.values_per_box, height, width)

    def activate(self, x: Tensor) -> Tensor:
        """[N, boxes * values, H, W] to the same shape: what the decoder makes of the input."""
        assert self.decoder is not None
        functions = replace(TORCH, logistic=self.logistic)
        return self.decoder.activate(functions, self.per_box(x), -3).flatten(1, 2)

    def check_filters(self, context: BuildContext, formula: str) -> None:
        """Check that the input has as many channels as the head needs.

        Args:
            context: the network around the head.
            formula: how the number of channels follows from the head's options.

        Raises:
            CfgError: they differ.

        Source: parser.c parse_yolo, parse_region.
        """
        needed = self.channels_for(self.classes, self.boxes_per_position)
        channels = self.input_shape.channels
        if channels == needed:
            return
        source = context.nearest_layer_with_filters()
        if source is None:
            raise self.config_error(
                "does not fit its input",
                expected=f"{needed} channels = {formula}",
                got=f"{channels} channels",
                fix=f"put a [convolutional] with filters={needed} before it",
            )
        at = source.options.where
        raise self.config_error(
            f"needs filters={needed} in the [{source.section}] before it ({at})",
            expected=f"filters={needed} = {formula}",
            got=f"{channels} channels",
            fix=f"set filters={needed} at {at}, or correct the numbers here",
        )

    def channels_for(self, classes: int, boxes: int) -> int:
        """The channels that the input needs for that many classes and boxes per position."""
        return boxes * (self.values_per_box - self.classes + classes)

    def decode(self, output: Tensor, height: int, width: int) -> Predictions:
        """Decode the head's output to boxes.

        Args:
            output: what `forward` returned, [N, C, H, W].
            height, width: size of the network's input, pixels.
        """
        decoder = self.decoder
        if decoder is None:
            raise NotImplementedError
        values = decoder.values_of(TORCH, output, raw=False)
        rows, columns = values.shape[1:3]
        column, row = cell_positions(rows, columns, values)
        anchors = self.anchors.to(values) if decoder.anchors else ()
        cells = Cells(column[..., None], row[..., None], anchors, columns, rows, width, height)
        decoded = decoder.decode(TORCH, values, cells)
        return Predictions(
            decoded.boxes.flatten(1, 3),
            decoded.objectness.flatten(1),
            decoded.class_scores.flatten(1, 3),
        )


def parse_anchors(head: Head, values: tuple[float, ...], number: int) -> list[tuple[float, float]]:
    """Group the numbers of ``anchors=`` into pairs of width and height.

    Missing numbers are filled up and surplus ones dropped as in C, with a warning.

    Args:
        head: the head, for messages.
        values: the numbers in the cfg.
        number: how many pairs to return.

    Source: yolo_layer.c make_yolo_layer, region_layer.c make_region_layer.
    """
    if len(values) != number * 2:
        warn(
            f"[{head.section}] anchors do not fit num={number}",
            where=head.options.where,
            expected=f"{number * 2} numbers",
            got=f"{len(values)}; Darknet drops surplus numbers and fills up "
            f"with {_DEFAULT_ANCHOR}",
        )
    filled = [*values[: number * 2]]
    filled += [_DEFAULT_ANCHOR] * (number * 2 - len(filled))
    return list(zip(filled[::2], filled[1::2], strict=True))


def cell_positions(height: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Column and row numbers of a map, [1, width] and [height, 1], of the type of `like`."""
    columns = torch.arange(width, dtype=like.dtype, device=like.device)
    rows = torch.arange(height, dtype=like.dtype, device=like.device)
    return columns[None, :], rows[:, None]
