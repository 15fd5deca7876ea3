"""[history]: the last inputs, the newest first."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, LayerOptions
from darknet_torch.layers.recurrent import Recurrent, State


@dataclass(frozen=True)
class HistoryOptions(LayerOptions):
    """Source: parser.c parse_history (AlexeyAB)."""

    history_size: int = integer(4, minimum=1, doc="how many inputs to keep, the newest included")


class History(Recurrent):
    """[history]. The steps before the first input are zero.

    Source: conv_lstm_layer.c forward_history_layer.
    Differs: with time_steps=1 Darknet keeps nothing from call to call.
    """

    section_names = ("history",)
    example_cfg = "[history]\nhistory_size=2\n"
    Options = HistoryOptions

    def __init__(self, options: HistoryOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        shape = context.input_shape
        self.size = options.history_size
        self.output_shape = Shape(shape.channels * self.size, shape.height, shape.width)

    def initial_state(self, x: Tensor) -> State:
        return (x.new_zeros(x.shape[0], x.shape[1] * (self.size - 1), *x.shape[2:]),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        out = torch.cat((x, state[0]), 1)
        return out, (out[:, : x.shape[1] * (self.size - 1)],)
