"""[crnn]: the recurrent layer of convolutions."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from darknet_torch.cfg.options import activation, flag, inert, integer
from darknet_torch.cfg.shape import Shape
from darknet_torch.layers.base import BuildContext, LayerOptions, ReceptiveWindow
from darknet_torch.layers.convolution import (
    CONVOLUTION_ACTIVATIONS,
    Convolution,
    check_groups,
    output_shape,
)
from darknet_torch.layers.recurrent import Recurrent, State, add_states, total_bflops
from darknet_torch.ops.convolution import Geometry


@dataclass(frozen=True)
class CrnnOptions(LayerOptions):
    """Source: parser.c parse_crnn (both code bases)."""

    output: int = integer(1, minimum=1, only="alexeyab", doc="output channels")
    hidden: int = integer(1, minimum=1, only="alexeyab", doc="channels of the state")
    output_filters: int = integer(0, minimum=0, only="pjreddie", doc="output channels")
    hidden_filters: int = integer(0, minimum=0, only="pjreddie", doc="channels of the state")
    size: int = integer(3, minimum=1, only="alexeyab", doc="height and width of the window")
    stride: int = integer(1, minimum=1, only="alexeyab", doc="step of the window")
    dilation: int = integer(1, minimum=1, only="alexeyab", doc="distance of the window's taps")
    pad: bool = flag(only="alexeyab", doc="padding is size / 2")
    padding: int = integer(
        lambda dialect: dialect.defaults.crnn_padding,
        minimum=0,
        only="alexeyab",
        doc="zeros on each side",
    )
    groups: int = integer(1, minimum=1, only="alexeyab", doc="independent groups of channels")
    activation: str = activation("logistic")
    batch_normalize: bool = flag(doc="normalise over the batch")
    shortcut: bool = flag(doc="add to the state instead of replacing it")
    xnor: str = inert("Darknet's own code of it reads beyond its arrays", only="alexeyab")

    def geometry(self) -> Geometry:
        """The window these options describe."""
        padding = self.size // 2 if self.pad else self.padding
        return Geometry(self.size, self.stride, self.stride, padding, self.dilation, self.groups)


class Crnn(Recurrent):
    """[crnn]. Arrays: the arrays of `input_layer`, `self_layer`, `output_layer`.

    Source: crnn_layer.c forward_crnn_layer (both code bases); parser.c parse_crnn
    (pjreddie) passes the width as the height.
    """

    section_names = ("crnn",)
    example_cfg = "[crnn]\noutput=2\nhidden=2\npad=1\n"
    Options = CrnnOptions
    own_activations = CONVOLUTION_ACTIVATIONS
    resets_state_each_batch = True

    def __init__(self, options: CrnnOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.shortcut = options.shortcut
        self.activation = self.find_activation(options.activation, context.dialect)
        filters = options.output_filters or options.output
        hidden = options.hidden_filters or options.hidden
        geometry, shape = options.geometry(), context.input_shape
        if context.dialect.geometry.crnn_swaps_sides:
            shape = Shape(shape.channels, shape.width, shape.height)
        self.read_shape = shape
        self.state_shape = output_shape(shape, hidden, geometry)
        self.output_shape = output_shape(self.state_shape, filters, geometry)
        if output_shape(self.state_shape, hidden, geometry) != self.state_shape:
            raise self.config_error(
                "its window changes the size of its state",
                expected="stride=1 and pad=1, so that it stays",
                got=f"input {shape}, state {self.state_shape}",
            )
        self.part_names = ("input_layer", "self_layer", "output_layer")
        sizes = ((shape.channels, hidden), (hidden, hidden), (hidden, filters))
        for name, (channels, filters) in zip(self.part_names, sizes, strict=True):
            check_groups(self, channels, filters, geometry.groups)
            part = Convolution(
                channels, filters, geometry, context, normalize=options.batch_normalize
            )
            self.add_module(name, part)

    @property
    def receptive_window(self) -> ReceptiveWindow:
        geometry = self.options.geometry()
        return ReceptiveWindow(geometry.size, geometry.stride_x, geometry.dilation)

    @property
    def bflops(self) -> float:
        return total_bflops(self)

    @property
    def working_values(self) -> int:
        """The old and the new state, the two parts that it is made of, and padded inputs."""
        padded = self.options.geometry().working_values
        return 4 * self.state_shape.count + padded(self.read_shape) + padded(self.state_shape)

    def initial_state(self, x: Tensor) -> State:
        shape = self.state_shape
        return (x.new_zeros(x.shape[0], shape.channels, shape.height, shape.width),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[N, C, H, W] to [N, output, H, W]. Source: forward_crnn_layer."""
        (old,) = state
        shape = self.read_shape
        x = x.reshape(-1, shape.channels, shape.height, shape.width)
        new = add_states(
            self.shortcut,
            old,
            self.activation(self.run("input_layer", x)),
            self.activation(self.run("self_layer", old)),
        )
        return self.activation(self.run("output_layer", new)), (new,)
