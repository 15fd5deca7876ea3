"""[conv_lstm]: long short-term memory of convolutions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.cfg.options import activation, flag, inert, integer, number
from darknet_torch.layers.base import BuildContext, LayerOptions, ReceptiveWindow
from darknet_torch.layers.convolution import (
    CONVOLUTION_ACTIVATIONS,
    Convolution,
    check_groups,
    output_shape,
)
from darknet_torch.layers.recurrent import Recurrent, State, total_bflops
from darknet_torch.ops.activations import ACTIVATIONS
from darknet_torch.ops.convolution import Geometry

_CONSTRAINT_PER_STEP = 32
_PEEPHOLE_CONVOLUTIONS = ("vf", "vi", "vo")
_STATE_CONVOLUTIONS = ("wf", "wi", "wg", "wo")
_INPUT_CONVOLUTIONS = ("uf", "ui", "ug", "uo")


@dataclass(frozen=True)
class ConvLstmOptions(LayerOptions):
    """Source: parser.c parse_conv_lstm (AlexeyAB)."""

    output: int = integer(1, minimum=1, doc="output channels")
    size: int = integer(3, minimum=1, doc="height and width of the window")
    stride: int = integer(1, minimum=1, doc="step of the window")
    dilation: int = integer(1, minimum=1, doc="distance of the window's taps")
    pad: bool = flag(doc="padding is size / 2")
    padding: int = integer(0, minimum=0, doc="zeros on each side, unless pad is set")
    groups: int = integer(1, minimum=1, doc="independent groups of channels")
    lstm_activation: str = activation("tanh", doc="of the cell; Darknet's CPU code: always tanh")
    activation: str = activation("linear", doc="the activation function of each convolution")
    batch_normalize: bool = flag(doc="normalise over the batch")
    peephole: bool = flag(doc="the gates read the cell")
    bottleneck: bool = flag(doc="one convolution of state and input feeds the gates")
    shortcut: bool = flag(doc="with bottleneck: add its output to the first half of the output")
    state_constrain: int = integer(-1, doc="bound on the cell, 32 * time_steps if absent, 0: none")
    time_normalizer: float = number(1.0, doc="factor on gradients through time")
    xnor: str = inert("Darknet's own code of it reads beyond its arrays")

    def geometry(self) -> Geometry:
        """The window these options describe."""
        padding = self.size // 2 if self.pad else self.padding
        return Geometry(self.size, self.stride, self.stride, padding, self.dilation, self.groups)


class ConvLstm(Recurrent):
    """[conv_lstm]. Arrays of: vf vi vo (peephole), wf [wi wg wo], uf ui ug uo.

    Source: conv_lstm_layer.c forward_conv_lstm_layer; bottleneck, which its CPU code
    cannot run, as in forward_conv_lstm_layer_gpu.
    Differs: with bottleneck each picture of a batch gives what it gives alone.
    """

    section_names = ("conv_lstm",)
    example_cfg = "[conv_lstm]\noutput=2\npad=1\n"
    Options = ConvLstmOptions
    own_activations = CONVOLUTION_ACTIVATIONS
    options: ConvLstmOptions

    def __init__(self, options: ConvLstmOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.activation = self.find_activation(options.activation, context.dialect)
        chosen = context.dialect.numerics.chooses_lstm_activation
        self.cell_activation = ACTIVATIONS[options.lstm_activation if chosen else "tanh"]
        shape, filters, geometry = context.input_shape, options.output, options.geometry()
        self.output_shape = output_shape(shape, filters, geometry)
        if output_shape(self.output_shape, filters, geometry) != self.output_shape:
            raise self.config_error(
                "its window changes the size of its state",
                expected="stride=1 and pad=1, so that it stays",
                got=f"input {shape}, state {self.output_shape}",
            )
        if options.bottleneck and shape.channels != filters:
            raise self.config_error(
                "bottleneck needs as many channels in as out",
                expected=f"output={shape.channels}",
                got=filters,
            )
        self.part_names = self._find_part_names()
        channels = {"v": filters, "w": filters * (1 + options.bottleneck), "u": shape.channels}
        for name in self.part_names:
            check_groups(self, channels[name[0]], filters, geometry.groups)
            part = Convolution(
                channels[name[0]],
                filters,
                geometry,
                context,
                normalize=options.batch_normalize,
            )
            self.add_module(name, part)

    def _find_part_names(self) -> tuple[str, ...]:
        """Source: parser.c save_weights_upto (AlexeyAB)."""
        peepholes = _PEEPHOLE_CONVOLUTIONS if self.options.peephole else ()
        state_convolutions = (
            _STATE_CONVOLUTIONS[:1] if self.options.bottleneck else _STATE_CONVOLUTIONS
        )
        return (*peepholes, *state_convolutions, *_INPUT_CONVOLUTIONS)

    @property
    def receptive_window(self) -> ReceptiveWindow:
        geometry = self.options.geometry()
        return ReceptiveWindow(geometry.size, geometry.stride_x, geometry.dilation)

    @property
    def bflops(self) -> float:
        own = 12 if self.options.peephole else 9
        return total_bflops(self) + own * self.output_shape.count / 1e9

    @property
    def working_values(self) -> int:
        """Two states, four gates, the sums that they are made of, and padded inputs."""
        padded = self.options.geometry().working_values
        return 12 * self.output_shape.count + padded(self.input_shape) + padded(self.output_shape)

    def initial_state(self, x: Tensor) -> State:
        shape = self.output_shape
        zeros = x.new_zeros(x.shape[0], shape.channels, shape.height, shape.width)
        return zeros, zeros

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[N, C, H, W] to [N, output, H, W]. Source: forward_conv_lstm_layer."""
        output, cell = state
        bottleneck = None
        if self.options.bottleneck:
            bottleneck = self.cell_activation(self._apply_to("wf", torch.cat((output, x), 1)))
            x = bottleneck
        forget_gate = torch.sigmoid(self._gate("f", x, output, cell))
        input_gate = torch.sigmoid(self._gate("i", x, output, cell))
        candidate = self.cell_activation(self._gate("g", x, output, None))
        cell = forget_gate * cell + input_gate * candidate
        output_gate = torch.sigmoid(self._gate("o", x, output, cell))
        output = output_gate * self.cell_activation(cell)
        cell = torch.nan_to_num(self._clamp_cell(cell), 0.0, 1.0, 1.0)
        output = torch.nan_to_num(output, 0.0, 1.0, 1.0)
        result = output
        if bottleneck is not None and self.options.shortcut:
            result = _add_half(output, bottleneck)
        return result, (output, cell)

    def _gate(self, name: str, x: Tensor, output: Tensor, cell: Tensor | None) -> Tensor:
        """The sum that a gate's activation takes; `cell` is None for gates without peephole."""
        total = self._apply_to(f"u{name}", x)
        if not self.options.bottleneck:
            total = self._apply_to(f"w{name}", output) + total
        if self.options.peephole and cell is not None:
            total = total + self._apply_to(f"v{name}", cell)
        return total

    def _apply_to(self, name: str, x: Tensor) -> Tensor:
        return self.activation(self.run(name, x))

    def _clamp_cell(self, cell: Tensor) -> Tensor:
        bound = self.options.state_constrain
        if bound < 0:
            bound = _CONSTRAINT_PER_STEP * (self.time_steps if self.training else 1)
        return cell.clamp(-bound, bound) if bound else cell


def _add_half(x: Tensor, other: Tensor) -> Tensor:
    """Add the first half of each picture's values in `other` to `x`, in memory order."""
    flat, added = x.flatten(1), other.flatten(1)
    half = flat.shape[1] // 2
    return torch.cat((flat[:, :half] + added[:, :half], flat[:, half:]), 1).view_as(x)
