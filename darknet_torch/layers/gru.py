"""[gru]: the gated recurrent unit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, LayerOptions
from darknet_torch.layers.recurrent import Recurrent, State


@dataclass(frozen=True)
class GruOptions(LayerOptions):
    """Source: parser.c parse_gru (both code bases)."""

    output: int = integer(1, minimum=1, doc="output values")
    batch_normalize: bool = flag(doc="normalise over the batch")
    tanh: bool = flag(only="pjreddie", doc="tanh for the candidate, not logistic")


class Gru(Recurrent):
    """[gru]. Arrays: the arrays of wz, wr, wh (read the state) and of uz, ur, uh (the input).

    Source: gru_layer.c forward_gru_layer (both code bases), which has the names w and u; the
    order in the file is `WeightFileRules.gru_order`.
    Differs: gradients are passed back in every dialect, as in CUDA code; C's backward_gru_layer
    is empty.
    """

    section_names = ("gru",)
    example_cfg = "[gru]\noutput=2\n"
    Options = GruOptions

    def __init__(self, options: GruOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.output_shape = Shape(options.output, 1, 1)
        self.candidate = torch.tanh if options.tanh else torch.sigmoid
        order = context.dialect.weight_file.gru_order
        self.add_connections(order, context, normalize=options.batch_normalize)

    def initial_state(self, x: Tensor) -> State:
        return (x.new_zeros(x.shape[0], self.output_shape.channels),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        (old,) = state
        x = x.flatten(1)
        update = torch.sigmoid(self.run("uz", x) + self.run("wz", old))
        reset = torch.sigmoid(self.run("ur", x) + self.run("wr", old))
        new = self.candidate(self.run("uh", x) + self.run("wh", old * reset))
        out = update * old + (1 - update) * new
        return out[:, :, None, None], (out,)
