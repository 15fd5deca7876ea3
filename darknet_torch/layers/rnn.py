"""[rnn]: the plain recurrent layer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import activation, flag, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, LayerOptions
from darknet_torch.layers.connected import Connection
from darknet_torch.layers.recurrent import Recurrent, State, add_states

_STATE_ACTIVATIONS = {1: "logistic", 2: "loggy"}  # by the value of logistic=


@dataclass(frozen=True)
class RnnOptions(LayerOptions):
    """Source: parser.c parse_rnn (both code bases)."""

    output: int = integer(1, minimum=1, doc="output values")
    hidden: int = integer(
        1, minimum=1, only="alexeyab", doc="values of the state; pjreddie: as many as output"
    )
    activation: str = activation("logistic")
    batch_normalize: bool = flag(doc="normalise over the batch")
    shortcut: bool = flag(doc="add to the state instead of replacing it")
    logistic: int = integer(0, only="alexeyab", doc="state through logistic (1) or loggy (2)")


class Rnn(Recurrent):
    """[rnn]. Arrays: the arrays of `input_layer`, `self_layer`, `output_layer`.

    Source: rnn_layer.c forward_rnn_layer (both code bases).
    """

    section_names = ("rnn",)
    example_cfg = "[rnn]\noutput=2\nhidden=3\n"
    Options = RnnOptions
    resets_state_each_batch = True

    def __init__(self, options: RnnOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        dialect = context.dialect
        self.hidden = options.hidden if dialect.geometry.rnn_has_hidden else options.output
        self.shortcut = options.shortcut
        state_activation = _STATE_ACTIVATIONS.get(options.logistic, options.activation)
        self.activation = self.find_activation(options.activation, dialect)
        self.self_activation = self.find_activation(state_activation, dialect)
        self.output_shape = Shape(options.output, 1, 1)
        inputs, normalize = context.input_shape.count, options.batch_normalize
        self.part_names = ("input_layer", "self_layer", "output_layer")
        self.input_layer = Connection(inputs, self.hidden, context, normalize=normalize)
        self.self_layer = Connection(self.hidden, self.hidden, context, normalize=normalize)
        self.output_layer = Connection(self.hidden, options.output, context, normalize=normalize)

    @property
    def working_values(self) -> int:
        """The old and the new state, and the two parts that it is made of."""
        return 4 * self.hidden

    def initial_state(self, x: Tensor) -> State:
        return (x.new_zeros(x.shape[0], self.hidden),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[N, inputs] to [N, output, 1, 1]. Source: forward_rnn_layer."""
        (old,) = state
        new = add_states(
            self.shortcut,
            old,
            self.activation(self.input_layer(x.flatten(1))),
            self.self_activation(self.self_layer(old)),
        )
        out = self.activation(self.output_layer(new))
        return out[:, :, None, None], (new,)
