"""[lstm]: long short-term memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, LayerOptions
from darknet_torch.layers.recurrent import Recurrent, State


@dataclass(frozen=True)
class LstmOptions(LayerOptions):
    """Source: parser.c parse_lstm."""

    output: int = integer(1, minimum=1, doc="output values")
    batch_normalize: bool = flag(doc="normalise over the batch")


class Lstm(Recurrent):
    """[lstm]. Arrays: for each gate the arrays of w (reads the state); then of u (the input).

    Source: lstm_layer.c forward_lstm_layer. The file holds the gates f, i, g, o in the
    order of `WeightFileRules.lstm_order`.
    """

    section_names = ("lstm",)
    example_cfg = "[lstm]\noutput=2\n"
    Options = LstmOptions

    def __init__(self, options: LstmOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.output_shape = Shape(options.output, 1, 1)
        gates = context.dialect.weight_file.lstm_order
        order = tuple(f"{kind}{gate}" for kind in "wu" for gate in gates)
        self.add_connections(order, context, normalize=options.batch_normalize)

    def initial_state(self, x: Tensor) -> State:
        zeros = x.new_zeros(x.shape[0], self.output_shape.channels)
        return zeros, zeros

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[N, inputs] to [N, output, 1, 1]. Source: forward_lstm_layer."""
        output, cell = state
        x = x.flatten(1)
        forget_gate, input_gate, candidate, output_gate = (
            self.run(f"w{gate}", output) + self.run(f"u{gate}", x) for gate in "figo"
        )
        cell = torch.sigmoid(forget_gate) * cell + torch.sigmoid(input_gate) * torch.tanh(
            candidate
        )
        output = torch.sigmoid(output_gate) * torch.tanh(cell)
        return output[:, :, None, None], (output, cell)
