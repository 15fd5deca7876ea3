"""[route]: concatenates the channels of several layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from darknet_torch.cfg.options import REQUIRED, inert, integer, integers
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions


@dataclass(frozen=True)
class RouteOptions(LayerOptions):
    """Source: parser.c parse_route (both code bases)."""

    layers: tuple[int, ...] = integers(REQUIRED, doc="layers to concatenate, relative if negative")
    groups: int = integer(
        1, minimum=1, only="alexeyab", doc="groups to split each layer's channels into"
    )
    group_id: int = integer(0, minimum=0, only="alexeyab", doc="the group to take of each layer")
    stream: str = inert("a CUDA stream", only="alexeyab")
    wait_stream: str = inert("a CUDA stream", only="alexeyab")


@dataclass(frozen=True)
class RouteHalfOptions(LayerOptions):
    """Source: utils/layers.py FeatureConcat_l (WongKinYiu/PyTorch_YOLOv4)."""

    layers: tuple[int, ...] = integers(REQUIRED, doc="layers to concatenate, relative if negative")


class Route(Layer):
    """[route]. Source: route_layer.c forward_route_layer."""

    section_names = ("route",)
    example_cfg = "[empty]\n[empty]\n[route]\nlayers=-1,-2\n"
    merges_receptive_fields = True
    Options: ClassVar[type[LayerOptions]] = RouteOptions

    def __init__(self, options: RouteOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self._join(options, context, options.groups, options.group_id)

    def _join(
        self,
        options: RouteOptions | RouteHalfOptions,
        context: BuildContext,
        groups: int,
        group_id: int,
    ) -> None:
        """Concatenate group `group_id` of the `groups` groups of each layer in `options`."""
        layers = [context.layer(index, options.where, "layers") for index in options.layers]
        self.sources = tuple(layer.index for layer in layers)
        for layer in layers:
            layer.on_extra_consumer()
        self.groups, self.group_id = groups, group_id
        if self.group_id >= self.groups:
            raise self.config_error(
                f"group_id={self.group_id} is not one of its {self.groups} groups",
                expected=f"0..{self.groups - 1}",
                got=self.group_id,
            )
        first = layers[0].output_shape
        for layer in layers:
            shape = layer.output_shape
            if (shape.height, shape.width) != (first.height, first.width):
                raise self.config_error(
                    "joins layers of different heights or widths",
                    expected=f"{first.height}x{first.width}, as layer {layers[0].index}",
                    got=f"{shape.height}x{shape.width} of layer {layer.index} "
                    f"([{layer.section}], {layer.options.where})",
                )
            if shape.channels % self.groups:
                raise self.config_error(
                    f"groups={self.groups} does not divide the channels of layer {layer.index}",
                    expected="a divisor",
                    got=f"{shape.channels} channels",
                )
        channels = sum(layer.output_shape.channels for layer in layers) // self.groups
        self.output_shape = Shape(channels, first.height, first.width)

    @property
    def detail(self) -> str:
        group = f" {self.group_id}/{self.groups}" if self.groups > 1 else ""
        return " ".join(str(source) for source in self.sources) + group

    @property
    def passes_input_on(self) -> bool:
        return len(self.sources) == 1 and self.groups == 1

    def forward(self, *inputs: Tensor) -> Tensor:
        if self.groups > 1:
            inputs = tuple(x.chunk(self.groups, 1)[self.group_id] for x in inputs)
        return inputs[0] if len(inputs) == 1 else torch.cat(inputs, 1)


class RouteHalf(Route):
    """[route_lhalf], of PyTorch_YOLOv4: a [route] of the first half of each layer."""

    section_names = ("route_lhalf",)
    example_cfg = "[empty]\n[route_lhalf]\nlayers=-1\n"
    Options = RouteHalfOptions

    def __init__(self, options: RouteHalfOptions, context: BuildContext) -> None:
        Layer.__init__(self, options, context)
        self._join(options, context, groups=2, group_id=0)
