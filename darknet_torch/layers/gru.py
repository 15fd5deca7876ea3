"""[gru]: the gated recurrent unit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, LayerOptions
from darknet_torch.layers.recurrent import Recurrent, State, add_connections


@dataclass(frozen=True)
class GruOptions(LayerOptions):
    """Source: parser.c parse_gru (both code bases)."""

    output: int = integer(1, minimum=1, doc="output values")
    batch_normalize: bool = flag(doc="normalise over the batch")
    tanh: bool = flag(only="pjreddie", doc="tanh for the candidate, not logistic")


class Gru(Recurrent):
    """[gru]. Arrays: those of wz, wr, wh (of the state) and uz, ur, uh (of the input).

    Source: gru_layer.c forward_gru_layer (both code bases), whose w and u these are; the
    order in the file is `WeightFile.gru_order`.
    Differs: it passes gradients everywhere, as CUDA code does; C's backward_gru_layer is empty.
    """

    section_names = ("gru",)
    Options = GruOptions

    def __init__(self, options: GruOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.output_shape = Shape(options.output, 1, 1)
        self.candidate = torch.tanh if options.tanh else torch.sigmoid
        order = context.dialect.weight_file.gru_order
        add_connections(self, order, context, normalize=options.batch_normalize)

    def start(self, x: Tensor) -> State:
        return (x.new_zeros(x.shape[0], self.output_shape.channels),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        (old,) = state
        x = x.flatten(1)
        update = torch.sigmoid(self.run("uz", x) + self.run("wz", old))
        reset = torch.sigmoid(self.run("ur", x) + self.run("wr", old))
        new = self.candidate(self.run("uh", x) + self.run("wh", old * reset))
        out = update * old + (1 - update) * new
        return out[:, :, None, None], (out,)
